"""The servers of one tenant: its own domain, its custom domain, the control plane and the host of exports."""

from __future__ import annotations

import asyncio

from auth0_simulator.wire.certificates import LoopbackCertificate
from auth0_simulator.wire.server import HttpServer, RequestHandler


class TenantListeners:
    """Opens and closes the servers; with `tls`, all but the control plane speak HTTPS with one certificate."""

    def __init__(
        self,
        handlers: tuple[RequestHandler, RequestHandler, RequestHandler],
        ports: tuple[int, int],
        *,
        custom_domain: bool,
        tls: bool,
    ) -> None:
        """Make them of the handlers of tenant, exports and control plane, and the ports of tenant and control plane."""
        tenant, downloads, control = handlers
        port, control_port = ports
        self._tls = tls
        self.certificate: LoopbackCertificate | None = None
        self.tenant = HttpServer(tenant, port)
        self.custom = [HttpServer(tenant, 0)] if custom_domain else []
        self.downloads = HttpServer(downloads, 0)
        self.control = HttpServer(control, control_port)
        self._all = [self.tenant, self.control, self.downloads, *self.custom]

    async def open(self) -> None:
        """Start listening, in the running event loop."""
        if self._tls:
            self.certificate = LoopbackCertificate()
            for listener in (self.tenant, self.downloads, *self.custom):
                listener.tls = self.certificate.context
        for listener in self._all:
            await listener.open()

    async def close(self) -> None:
        """Stop listening and close every connection."""
        for listener in self._all:
            await listener.close()
        if self.certificate:
            self.certificate.remove()
        await asyncio.sleep(0)
