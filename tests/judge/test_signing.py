"""Signatures of a record's manifest: whose record it is, and that it is still the one that was signed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.errors import DataError
from harness.judge import signing
from harness.record import store
from tests.recorded import make_run

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's ssh-keygen is not installed")


def make_key(folder: Path, kind: str = "ed25519") -> Path:
    key = folder / "key"
    folder.mkdir(parents=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "a@b", "-f", str(key)], check=True)
    return key


def public(key: Path) -> str:
    return signing.read_public_key(Path(f"{key}.pub"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "pocket" / "x", limit=None)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_record_is_signed_once_it_passes_and_verified_by_the_public_key(
    run: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key(tmp_path / "keys", kind)
    assert main(["audit", str(run), "--verify", f"{key}.pub"]) == 4
    assert f"{store.SIGNATURE}: missing" in capsys.readouterr().out
    assert main(["audit", str(run), "--sign", str(key)]) == 0
    assert main(["audit", str(run), "--verify", f"{key}.pub"]) == 0
    assert "who made the record" not in capsys.readouterr().out.rpartition("check ")[2]


def test_another_key_another_manifest_and_another_purpose_do_not_verify(run: Path, tmp_path: Path) -> None:
    key, other = make_key(tmp_path / "keys"), make_key(tmp_path / "others")
    signing.sign(run, key)
    assert signing.verify(run, public(key)) is None
    assert "is not of this manifest by this key" in str(signing.verify(run, public(other)))
    manifest = run / store.MANIFEST
    (run / store.SIGNATURE).unlink()
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "file", str(manifest)], check=True)
    assert "is not of this manifest" in str(signing.verify(run, public(key)))
    signing.sign(run, key)
    manifest.write_bytes(manifest.read_bytes() + b"0" * 64 + b"  more\n")
    assert "is not of this manifest" in str(signing.verify(run, public(key)))


def test_a_record_that_fails_its_audit_is_not_signed(run: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "keys")
    (run / "card.md").write_text("another card")
    assert main(["audit", str(run), "--sign", str(key)]) == 4
    assert not (run / store.SIGNATURE).exists()


def test_what_is_no_key_is_wrong_use(run: Path, tmp_path: Path) -> None:
    none = tmp_path / "none"
    none.write_text("no key\n")
    with pytest.raises(DataError, match="give a private key of OpenSSH"):
        signing.sign(run, none)
    for path in (none, make_key(tmp_path / "keys")):
        with pytest.raises(DataError, match=r"give the \.pub file"):
            signing.read_public_key(path)
    assert main(["audit", str(run), "--verify", str(tmp_path / "absent")]) == 2
