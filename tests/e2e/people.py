# SPDX-License-Identifier: Apache-2.0
"""Those who may call a server with authentication: nobody in particular, somebody with a bad or an expired token,
another owner, the owner, an admin."""

import json
import os

from issuer import AUDIENCE, ISSUER, Issuer

CALLERS = ("nobody", "bad", "expired", "other", "owner", "admin")


class People:
    def __init__(self, home):
        keys = os.path.join(home, "keys.json")
        issuer = Issuer()
        with open(keys, "w", encoding="ascii") as file:
            json.dump(issuer.jwk(), file)
        self.settings = {"EXPORT_AUTH": "jwt", "EXPORT_JWT_KEYS": keys, "EXPORT_JWT_ISSUER": ISSUER,
                         "EXPORT_JWT_AUDIENCE": AUDIENCE}
        self.tokens = {"nobody": None, "bad": issuer.token()[:-4], "expired": issuer.token(exp=1),
                       "other": issuer.token("bob"), "owner": issuer.token("alice"),
                       "admin": issuer.token("root", role="export-admin")}

    def metadata(self, name):
        return (("authorization", "Bearer " + self.tokens[name]),) if self.tokens[name] else ()
