from typing import Any

import pytest

from source_auth0.redaction.secret_names import is_protocol_secret, is_secret_field, is_secret_name


# Names of connection options, add-ons and log stream sinks in Auth0's OpenAPI document, and similar ones.
@pytest.mark.parametrize(
    "names",
    [
        "client_secret clientSecret app_secret secret secrets consumer_secret consumerSecret CLIENT-SECRET",
        "access_token accessToken refresh_token id_token admin_access_token admin_refresh_token splunkToken",
        "jwtToken twilio_token oauth_token_secret token auth_token session_token sas_token tokenSecret",
        "password bindPassword servicePassword mixpanelServiceAccountPassword passwd passphrase smtp_password",
        "private_key privateKey PRIVATE-KEY signing_key signingKey signing_keys decryptionKey encryption_key key",
        "api_key apiKey api-key x-api-key apikey masterkey masterKey sharedAccessKey storageAccessKey sasKey sas_key",
        "segmentWriteKey accountKey license_key awsSecretAccessKey datadogApiKey pfx jwk pem",
        "credentials bind_credentials authorization httpAuthorization connectionString connection_string twilio_sid",
        "customHeaders httpCustomHeaders client_assertion subscription_key primaryKey skey ikey pwd pass smtp_pass",
        "sharedAccessSignature integration_key hmac_key passcode client_secret_encoded bearer",
    ],
)
def test_names_of_secrets_are_recognised(names: str):
    assert [] == [name for name in names.split() if not is_secret_name(name)]


@pytest.mark.parametrize(
    "names",
    [
        "passwordPolicy password_policy password_complexity_options password_history password_dictionary",
        "password_options password_no_personal_info tokenLifetimeInSeconds aws_access_key_id private_key_id sasKeyName",
        "id_token_signed_response_algs id_token_signing_alg_values_supported global_token_revocation_jwt_iss",
        "backchannel_token_delivery_modes_supported bypass",
        "token_endpoint token_endpoint_auth_signing_alg token_endpoint_auth_methods_supported",
        "token_endpoint_auth_method",
        "tokenURL tokenEndpointUrl requestTokenURL accessTokenURL authorizationURL authorization_endpoint",
        "userAuthorizationURL authentication_methods gateway_authentication passkey_options",
        "keyId kid key_id public_key read_public_key cert certs signingCert signatureAlgorithm thumbprints",
        "client_id tenant_domain username scope email name domain httpEndpoint attributes monkey keyboard",
        "awsAccountId azureSubscriptionId datadogRegion mixpanelServiceAccountUsername splunkDomain",
    ],
)
def test_other_names_are_not_taken_for_secrets(names: str):
    assert [] == [name for name in names.split() if is_secret_name(name)]


@pytest.mark.parametrize(
    "value", [True, 7, None, {}, {"a": "x"}, [], [None], "2026-11-23", "*****", "2026-11-23T12:00:00.000Z"]
)
def test_the_value_decides_too(value: Any):
    assert not is_secret_field("client_secret", value)
    assert not is_protocol_secret("client_secret", value)


@pytest.mark.parametrize("value", ["s", "", ["s"], [["s"]], [None, "s"], "2026-11-23 or so"])
def test_texts_and_lists_of_texts_are_secrets(value: Any):
    assert is_secret_field("client_secret", value)
    assert is_protocol_secret("client_secret", value)
    assert is_secret_field("anything", value, inside=True)
    assert not is_secret_field("anything", value)
    assert not is_secret_field("audience", value, inside=True)


@pytest.mark.parametrize("name", ["SAMLResponse", "_csrf", "ticket_id", "link", "otp", "Cookie", "request"])
def test_parameters_of_protocols_are_secrets_where_a_request_is_logged(name: str):
    assert is_protocol_secret(name, "s")
    assert not is_protocol_secret(name, {"about": "it"})
    assert not is_protocol_secret(f"{name}s", "s")
