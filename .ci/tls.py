"""A self-signed certificate for this machine's names and addresses, so that phones at school can sign in."""

import datetime
import ipaddress
import os
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = datetime.timedelta(days=397)  # the longest that phones accept
RENEW = datetime.timedelta(days=30)


def certificate(folder: Path) -> tuple[list[str], Path, Path]:
    """Return the names, the certificate and the key; make a new one when names changed or the end is near."""
    names, cert, key = machine_names(), folder / "cert.pem", folder / "key.pem"
    if not (cert.exists() and key.exists() and still_good(cert, names)):
        write(names, cert, key)
    return names, cert, key


def machine_names() -> list[str]:
    return sorted({"localhost", "127.0.0.1", socket.gethostname()} | outward_address())


def outward_address() -> set[str]:
    """The address this machine would speak from. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address kept for documentation
        except OSError:  # no network at all
            return set()
        return {probe.getsockname()[0]}


def still_good(path: Path, names: list[str]) -> bool:
    cert = x509.load_pem_x509_certificate(path.read_bytes())
    held = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in held} >= set(names) and cert.not_valid_after_utc > now() + RENEW


def write(names: list[str], cert: Path, key: Path) -> None:
    cert.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    cert.write_bytes(sign(names, private).public_bytes(serialization.Encoding.PEM))


def sign(names: list[str], private: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Yidang")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - datetime.timedelta(hours=1))
        .not_valid_after(now() + VALID)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
