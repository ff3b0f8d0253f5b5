# aiosmtpd on a free port of 127.0.0.1, which it prints once it listens: MANNER MAILDIR CERTIFICATE KEY.
import asyncio
import ssl
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

manner, maildir, certificate, key = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)


class Kept(Mailbox):
    def prepare_message(self, session, envelope):
        message = super().prepare_message(session, envelope)
        message["X-Was-Encrypted"] = "yes" if session.ssl or manner == "tls" else "no"
        return message


handler = Kept(maildir)


def connected():
    starttls = context if manner == "starttls" else None
    return SMTP(handler, tls_context=starttls, require_starttls=starttls is not None, hostname="real.example")


async def serve():
    wrapped = context if manner == "tls" else None
    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
