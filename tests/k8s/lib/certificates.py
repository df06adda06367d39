"""An authority of a test alone and certificates that it signed, by openssl."""

import os

from lib.processes import run

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """Everything lies in `folder`, which it makes: ca.crt, and NAME.crt and NAME.key of every certificate. They are good for two days."""

    def __init__(self, folder):
        os.makedirs(folder)
        self._folder = folder
        run(["openssl", "req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=authority", "-keyout", self.path("ca.key"), "-out", self.path("ca.crt")])

    def path(self, name):
        return os.path.join(self._folder, name)

    def issue(self, name, subject, alternatives=""):
        """A certificate for clients and servers; `alternatives` are its subjectAltName, such as "DNS:cohort"."""
        extensions = ["extendedKeyUsage=serverAuth,clientAuth"] + ([f"subjectAltName={alternatives}"] if alternatives else [])
        run(["openssl", "req", "-new", *NEW_KEY, "-subj", subject, *(word for extension in extensions for word in ("-addext", extension)),
             "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr")])
        run(["openssl", "x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
             "-copy_extensions", "copy", "-days", "2", "-out", self.path(name + ".crt")])

    def environment(self, name):
        """What makes a command of cohort show that certificate."""
        return {"COHORT_TLS_CERT": self.path(name + ".crt"), "COHORT_TLS_KEY": self.path(name + ".key"), "COHORT_TLS_CA": self.path("ca.crt")}
