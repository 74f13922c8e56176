"""The pictures of the desk in the docs: ``python -m tests.browser.pictures`` takes them anew."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.admin.doors import DESK
from tests.browser.demo import ROOT, log_in, running_browser, running_demo
from tests.browser.desk_pages import WAITING, first_of

TO = ROOT / "docs" / "img"
SESSIONS = f"{DESK}verificationsession/"
LARGEST = 200_000


class Picture(NamedTuple):
    """Who looks at which address, in what light, on how large a screen."""

    who: str
    address: str
    width: int
    height: int
    scheme: str = "light"


PICTURES: Mapping[str, Picture] = {
    "desk-list": Picture("reviewer", SESSIONS, 1280, 900),
    "desk-session": Picture("reviewer", f"{SESSIONS}{{session}}/change/", 1280, 1440),
    "desk-queue": Picture("reviewer", f"{SESSIONS}queue/", 1280, 800, "dark"),
    "desk-decision": Picture("reviewer", f"{SESSIONS}{{session}}/reject/", 1280, 1150),
    "desk-dashboard": Picture("auditor", f"{DESK}?range=7d", 1280, 1240),
}


def main() -> None:
    """Take every picture, of a demo that is started for them."""
    with (
        tempfile.TemporaryDirectory(prefix="faceid-pictures-") as folder,
        running_demo(Path(folder)) as site,
        running_browser() as browser,
    ):
        for name, picture in PICTURES.items():
            page = browser.new_page(
                base_url=site,
                viewport={"width": picture.width, "height": picture.height},
                color_scheme=picture.scheme,
                reduced_motion="reduce",
            )
            log_in(page, picture.who)
            page.goto(picture.address.format(session=first_of(page, WAITING)))
            page.screenshot(path=TO / f"{name}.png")
            page.close()
            size = (TO / f"{name}.png").stat().st_size
            sys.stdout.write(f"{name}.png  {size // 1000} kB\n")
            if size > LARGEST:
                sys.exit(f"{name}.png is larger than {LARGEST // 1000} kB: show less of the page.")


if __name__ == "__main__":
    main()
