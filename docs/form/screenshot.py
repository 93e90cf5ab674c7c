"""Renders the spec as a form in headless Chromium and writes `docs/form.png`: `python docs/form/screenshot.py`.

Needs Debian's `chromium` and `npm`; what it fetches stays in a temporary folder.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from source_auth0.manifest.assembly import assemble

HERE = Path(__file__).parent
PICTURE = HERE.parent / "form.png"
SIZE = (1080, 2000)
PAGE = """<!doctype html><meta charset="utf-8"><title>Spec</title><link rel="stylesheet" href="form.css">
<div id="root"></div><script>window.spec = {spec}</script><script src="bundle.js"></script>"""
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars")
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def main() -> None:
    """Bundle the form with the spec in it, and take its picture."""
    missing = [command for command in ("chromium", "npm") if shutil.which(command) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} not found. Install from Debian's packages: apt-get install chromium npm")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "form.jsx", "form.css"):
            shutil.copy(HERE / name, work)
        spec = json.dumps(assemble([])["spec"]["connection_specification"]).replace("</", "<\\/")
        (work / "page.html").write_text(PAGE.format(spec=spec))
        _run(work, "npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock")
        bundle = ("--bundle", "--minify", "--jsx=automatic", "--outfile=bundle.js", "--log-level=error")
        _run(work, "node_modules/.bin/esbuild", "form.jsx", *bundle)
        window = f"--window-size={SIZE[0]},{SIZE[1]}"
        output = (f"--user-data-dir={work}/profile", "--virtual-time-budget=5000", f"--screenshot={PICTURE}")
        _run(work, "chromium", *QUIET, *OFFLINE, window, *output, (work / "page.html").as_uri())
    print(f"{PICTURE.relative_to(HERE.parents[1])}: {PICTURE.stat().st_size // 1000} kB")


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
