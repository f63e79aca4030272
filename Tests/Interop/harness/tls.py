"""TLS in front of a server that speaks plain text: certificates made for a test, and a proxy that ends TLS."""

import select
import socket
import ssl
import subprocess
import threading


class Authority:
    """A certificate authority of a test's own; `file` is what its clients trust."""

    def __init__(self, directory, name="authority"):
        self.directory, self.name = directory, name
        self.file, self.key = directory / f"{name}.pem", directory / f"{name}.key"
        _openssl(self.key, self.file, f"/CN={name}")

    def issue(self, name, *addresses):
        """A certificate with its key in one PEM file, for DNS names or IP addresses: `DNS:localhost`, `IP:127.0.0.1`."""
        file, key = self.directory / f"{self.name}-{name}.pem", self.directory / f"{self.name}-{name}.key"
        _openssl(key, file, f"/CN={name}", "-CA", self.file, "-CAkey", self.key, "-addext", "basicConstraints=CA:FALSE",
                 "-addext", f"subjectAltName={','.join(addresses)}")
        file.write_text(file.read_text() + key.read_text())
        return file


def _openssl(key, certificate, subject, *more):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-keyout", key, "-out", certificate, "-subj", subject, *more], check=True, capture_output=True, timeout=30)


class Terminator:
    """Listens with TLS on a port of 127.0.0.1 and passes what it hears on to `target`, HOST:PORT, which may be set later.

    `clients`: the authority whose certificates it asks its clients for.
    """

    def __init__(self, certificate, target=None, clients=None):
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        if clients:
            self.context.load_verify_locations(clients.file)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.names = []
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                plain = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        host, port = self.target.rsplit(":", 1)
        try:
            # A blocking handshake: one that fails sends its alert (asyncio's does not).
            with self.context.wrap_socket(plain, server_side=True) as client, \
                    socket.create_connection((host, int(port)), 20) as server:
                client.settimeout(20)
                while _pass_on(client, server):
                    pass
        except OSError:
            # Refused by either side, or gone.
            pass

    def close(self):
        # Wakes the thread that waits in accept(2), which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pass_on(client, server):
    """Waits for bytes of either side and hands them to the other; false at the end of one."""
    ready = [client] if client.pending() else select.select([client, server], [], [])[0]
    for source, sink in ((client, server), (server, client)):
        if source in ready:
            data = source.recv(1 << 16)
            if not data:
                return False
            sink.sendall(data)
    return True
