"""Certificates for tests: an authority, and what it signs for a server or a client."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path


class Authority:
    """Signs for `folder`; `ca` is its own certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.ca = folder / f"{name}.pem"
        now = datetime.now(UTC)
        own = (
            self._builder(self._name, now + _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .public_key(self._key.public_key())
            .sign(self._key, hashes.SHA256())
        )
        self.ca.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, addresses: tuple[str, ...] = ("127.0.0.1",), ends: timedelta = _DAY) -> Files:
        """A certificate for some addresses; `ends`: when, from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ip_address(address)) for address in addresses]
        signed = (
            self._builder(_named(name), datetime.now(UTC) + ends)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .public_key(key.public_key())
            .sign(self._key, hashes.SHA256())
        )
        files = Files(self._folder / f"{name}-cert.pem", self._folder / f"{name}-key.pem")
        files.cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _builder(self, subject: x509.Name, ends: datetime) -> x509.CertificateBuilder:
        begins = min(ends, datetime.now(UTC)) - 2 * _DAY
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
