# SPDX-License-Identifier: Apache-2.0
"""An issuer of tokens, made by PyJWT, which is none of ours."""

import base64
import os
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, AUDIENCE = "https://id.example", "exportq"


class Issuer:
    """A key with a name, and tokens signed with it."""

    def __init__(self, algorithm="ES256", kid="k1"):
        self.algorithm, self.kid = algorithm, kid
        if algorithm.startswith("ES"):
            self.key = ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(),
                                                "ES512": ec.SECP521R1()}[algorithm])
        elif algorithm == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        elif algorithm.startswith("HS"):
            self.key = os.urandom(64)
        else:
            self.key = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        """The public key; the secret, of HS…. Written here, for PyJWT 2.6 drops the zeros that a point begins with."""
        if self.algorithm.startswith("HS"):
            parts = {"kty": "oct", "k": self.key}
        elif self.algorithm == "EdDSA":
            raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            parts = {"kty": "OKP", "crv": "Ed25519", "x": raw}
        elif self.algorithm.startswith("ES"):
            numbers, size = self.key.public_key().public_numbers(), (self.key.key_size + 7) // 8
            parts = {"kty": "EC", "crv": "P-%d" % self.key.key_size, "x": numbers.x.to_bytes(size, "big"),
                     "y": numbers.y.to_bytes(size, "big")}
        else:
            numbers = self.key.public_key().public_numbers()
            parts = {"kty": "RSA", "n": numbers.n.to_bytes(self.key.key_size // 8, "big"), "e": b"\1\0\1"}
        texts = {name: base64.urlsafe_b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value
                 for name, value in parts.items()}
        return {**texts, "kid": self.kid, "use": "sig"}

    def pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def token(self, sub="alice", headers=None, **claims):
        now = int(time.time())
        claims = {"sub": sub, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.kid, **(headers or {})})
