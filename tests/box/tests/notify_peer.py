"""Whoever is told, in a network namespace of its own: a mail server (aiosmtpd) and a receiver of webhooks that checks their signatures.

Arguments: a folder. In it lie cert.pem and key.pem; `key` (the webhook's key) and `open` (the receiver listens from then on) come later.
Mails are written to mail-N, requests to hook-N as JSON.
"""

import asyncio, base64, hashlib, hmac, itertools, json, os, ssl, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

folder = sys.argv[1]
mails, hooks = itertools.count(), itertools.count()


def keep(name, content):
    path = os.path.join(folder, name)
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)


class Mailbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        keep(f"mail-{next(mails)}", f"To-All: {','.join(envelope.rcpt_tos)}\n".encode() + envelope.content)
        return "250 kept for ever"

    async def handle_QUIT(self, server, session, envelope):
        # Whoever waits for an answer to this believes that the mail was not taken.
        await asyncio.sleep(3600)


def judge(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"box@example.org", b"only for the box")
    return AuthResult(success=good, handled=False)


def context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
    return context


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with open(os.path.join(folder, "key")) as file:
            key = base64.b64decode(file.read().strip().removeprefix("whsec_"))
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), body])
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        fresh = abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        valid = fresh and hmac.compare_digest(expected, self.headers["webhook-signature"])
        seen = {"path": self.path, "valid": valid, "id": self.headers["webhook-id"], "body": json.loads(body)}
        keep(f"hook-{next(hooks)}", json.dumps(seen).encode())
        self.send_response(302 if self.path == "/elsewhere" else 204 if valid else 401)
        self.send_header("location", "/hook")
        self.end_headers()

    def log_message(self, *words):
        pass


def receive():
    while not os.path.exists(os.path.join(folder, "open")):
        time.sleep(0.05)
    ThreadingHTTPServer(("0.0.0.0", 8080), Hook).serve_forever()


common = {"hostname": "0.0.0.0", "authenticator": judge, "auth_required": True}
Controller(Mailbox(), port=465, ssl_context=context(), auth_require_tls=False, **common).start()
Controller(Mailbox(), port=587, tls_context=context(), require_starttls=True, **common).start()
keep("ready", b"")
receive()
