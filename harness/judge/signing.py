"""Signatures over a record's manifest, made and checked by OpenSSH, so that a third party can tell who made a record.

`ssh-keygen -Y sign` writes `MANIFEST.sha256.sig` beside the manifest, with the key that somebody signs commits with.
The manifest has the hash of every file, and the verdict follows from them.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.errors import DataError, PlanError, StoreError
from harness.record.store import MANIFEST, SIGNATURE

NAMESPACE = "harness"  # a signature that was made for another purpose does not hold for a record


def sign(run: Path, key: Path) -> Path:
    """Signs a run's manifest with a private key, in place of an earlier signature; returns the signature's file.

    Raises DataError for a key that is none, StoreError where the signature cannot be written.
    """
    manifest, signature = run / MANIFEST, run / SIGNATURE
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / MANIFEST
        try:
            copy.write_bytes(manifest.read_bytes())
        except OSError as error:
            raise StoreError(f"{manifest}: cannot be read ({error.strerror})") from error
        done = _ssh_keygen("-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(copy))
        if done.returncode != 0:
            raise DataError(key, "", f"does not sign ({_said(done)}); give a private key of OpenSSH")
        try:
            shutil.copyfile(copy.with_name(SIGNATURE), signature)
        except OSError as error:
            raise StoreError(f"{signature}: cannot be written ({error.strerror})") from error
    return signature


def read_public_key(path: Path) -> str:
    """The public key in a file, one line; raises DataError for a file that holds none."""
    try:
        public = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror}); give a public key of OpenSSH") from error
    except UnicodeDecodeError:
        public = ""
    kind, _, rest = public.partition(" ")
    if "\n" in public or not kind.startswith(("ssh-", "ecdsa-", "sk-")) or not rest:
        raise DataError(path, "", "is no public key of OpenSSH; give the .pub file of who made the record")
    return public


def verify(run: Path, public: str) -> str | None:
    """What is wrong with the signature of a run's manifest by a public key, None where it holds."""
    if not (run / SIGNATURE).is_file():
        return f"{SIGNATURE}: missing; `harness audit --sign KEY` makes one"
    with tempfile.TemporaryDirectory() as scratch:
        allowed = Path(scratch) / "allowed_signers"
        allowed.write_text(f'{NAMESPACE} namespaces="{NAMESPACE}" {public}\n', encoding="utf-8")
        done = _ssh_keygen(
            "-Y", "verify", "-f", str(allowed), "-I", NAMESPACE, "-n", NAMESPACE, "-s", str(run / SIGNATURE),
            given=(run / MANIFEST).read_bytes(),
        )  # fmt: skip
    return None if done.returncode == 0 else f"{SIGNATURE}: is not of this manifest by this key ({_said(done)})"


def _ssh_keygen(*arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    program = shutil.which("ssh-keygen")
    if program is None:
        raise PlanError(["signatures need ssh-keygen, which is not installed; it comes with OpenSSH 8.2 or later"])
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=False)


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"ssh-keygen ended with {done.returncode}"
