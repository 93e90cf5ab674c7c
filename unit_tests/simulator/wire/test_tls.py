"""TLS by an option: HTTPS with a certificate that clients are told to trust."""

import ssl
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from auth0_simulator import Simulator


def opened(url, context):
    with urlopen(url, context=context, timeout=5) as response:  # noqa: S310 - the address of the simulator
        return response.status


def test_a_client_that_trusts_the_certificate_is_answered():
    with Simulator(users=3, tls=True, custom_domain=True) as sim:
        context = ssl.create_default_context(cafile=sim.certificate)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for url in (sim.base_url, sim.custom_url, sim.base_url.replace("127.0.0.1", "localhost")):
            assert url.startswith("https://")
            with pytest.raises(URLError, match="401"):
                opened(f"{url}/api/v2/users", context)
        assert sim.download_url.startswith("https://")
        assert 200 == opened(f"{sim.control_url}/clock", None)


def test_a_client_that_does_not_trust_it_is_not():
    with (
        Simulator(users=3, tls=True) as sim,
        pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        opened(f"{sim.base_url}/api/v2/users", ssl.create_default_context())


def test_the_key_is_nobody_elses_and_ends_with_the_tenant():
    with Simulator(users=3, tls=True) as sim:
        folder = Path(sim.certificate).parent
        assert 0o600 == (folder / "key.pem").stat().st_mode & 0o777
    assert not folder.exists()


def test_without_the_option_there_is_no_certificate():
    with Simulator(users=3) as sim:
        assert ("", "http:") == (sim.certificate, sim.base_url.partition("//")[0])
