import io
import socketserver
import threading

import pypdf
import pytest
from PIL import ImageChops

from reports import checks, pdf
from tests.reports.pages import RARE, class_summary, html_of, pictures

CANARY = "canary-7f3c19"


@pytest.fixture(scope="module")
def own_copy() -> bytes:
    return pdf.render_pdf(html_of(class_summary()))


@pytest.fixture
def listener():
    """A server on this machine that counts who comes."""
    hits = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            hits.append(self.request.recv(100))
            self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + CANARY.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", hits
        server.shutdown()


PROBES = {
    "img": '<img src="{url}">',
    "srcset": '<img srcset="{url} 2x" alt="x">',
    "stylesheet": '<link rel="stylesheet" href="{url}">',
    "object": '<object data="{url}"></object>',
    "embed": '<embed src="{url}">',
    "import": '<style>@import url("{url}");</style>',
    "background": '<p style="background: url({url})">x</p>',
    "font": '<style>@font-face {{ font-family: x; src: url("{url}") }} p {{ font-family: x }}</style><p>x</p>',
    "attachment": '<link rel="attachment" href="{url}">',
    "anchor attachment": '<a rel="attachment" href="{url}">x</a>',
    "svg image": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{url}" width="9"/></svg>',
    "svg use": '<svg xmlns="http://www.w3.org/2000/svg"><use href="{url}#a"/></svg>',
    "svg style": '<svg xmlns="http://www.w3.org/2000/svg" width="9"><style>@import url("{url}");</style></svg>',
    "list": '<ul style="list-style-image: url({url})"><li>x</li></ul>',
    "content": '<style>p::before {{ content: url("{url}") }}</style><p>x</p>',
}


@pytest.mark.parametrize("probe", PROBES)
def test_a_page_that_asks_for_addresses_gets_nothing(probe, listener, tmp_path):
    address, hits = listener
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    data = f"data:text/plain,{CANARY}"
    fetcher = pdf.shut_fetcher()
    body = "".join(PROBES[probe].format(url=url) for url in (f"{address}/a.png", secret.as_uri(), data))
    written = pdf.render_pdf(f"<!DOCTYPE html><title>x</title><body>{body}<p>end</p>", fetcher=fetcher)

    assert hits == []
    assert CANARY.encode() not in written
    reader = pypdf.PdfReader(io.BytesIO(written))
    assert not reader.attachments
    assert CANARY not in "".join(page.extract_text() for page in reader.pages)
    if probe not in ("srcset", "svg use", "svg style"):  # WeasyPrint does not look at these at all
        assert fetcher.refused.total() > 0


def test_the_listener_would_notice_a_visit(listener):
    import urllib.request

    address, hits = listener
    assert CANARY in urllib.request.urlopen(address).read().decode()
    assert len(hits) == 1


def test_without_our_fetcher_a_local_file_would_leak(tmp_path):
    import weasyprint

    (tmp_path / "secret.txt").write_text(CANARY)
    page = f'<link rel="attachment" href="{(tmp_path / "secret.txt").as_uri()}"><p>x</p>'
    leaked = pypdf.PdfReader(io.BytesIO(weasyprint.HTML(string=page).write_pdf()))
    assert [CANARY.encode()] in leaked.attachments.values()


def test_the_summary_needs_no_address(own_copy):
    fetcher = pdf.shut_fetcher()
    pdf.render_pdf(html_of(class_summary()), fetcher=fetcher)
    assert not fetcher.refused


def test_the_metadata_names_the_kind_and_the_school_only(own_copy):
    reader = pypdf.PdfReader(io.BytesIO(own_copy))
    assert reader.metadata.title == "班级学期关爱小结"
    assert reader.metadata.author == "临溪县云桥小学"
    assert set(reader.metadata) == {"/Title", "/Author", "/Producer"}
    assert reader.metadata["/Producer"].startswith("WeasyPrint")
    described = reader.xmp_metadata.rdf_root.toxml() if reader.xmp_metadata else ""
    assert "周雨棠" not in described
    assert "Date" not in described


def test_every_page_says_who_when_and_page_n_of_m(own_copy):
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(own_copy)).pages]
    assert len(pages) == 3
    for number, text in enumerate(pages, 1):
        squeezed = "".join(text.split())
        assert f"第{number}页共3页" in squeezed
        assert "内部资料注意保密" in squeezed
        assert "周雨棠生成2027-01-1917:05" in squeezed


def test_rare_names_copy_out_as_text(own_copy):
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(own_copy)).pages)
    assert [name for name in RARE if name not in text] == []


@pytest.mark.parametrize("family", checks.FONTS)
def test_rare_characters_are_drawn_as_glyphs(family, tmp_path):
    """Pixels, not the character map: one popular font claims 䶮 and draws nothing."""
    drawn = {}
    for name, character in {"䶮": "䶮", "㛃": "㛃", "𬱖": "𬱖", "none": "\U000e0fff", "space": "　"}.items():
        page = f"<!DOCTYPE html><body><p style=\"font: 120pt/1.2 '{family}'; text-indent: 0\">{character}</p>"
        folder = tmp_path / str(ord(character))
        folder.mkdir()
        image = pictures(pdf.render_pdf(page), folder)[0].crop((0, 0, 496, 500))
        drawn[name] = image.point(lambda grey: 255 if grey > 128 else 0)
    ink = {name: image.histogram()[0] / (image.width * image.height) for name, image in drawn.items()}
    for name in "䶮㛃𬱖":
        assert ink[name] > ink["space"] + 0.008, f"{name} is an empty glyph in {family}"
        for other in ("none", *set("䶮㛃𬱖") - {name}):
            assert ImageChops.difference(drawn[name], drawn[other]).getbbox(), f"{name} looks like {other}"


def test_names_stand_in_the_classs_own_copy_only():
    figures = class_summary().copy_for_others()
    page = html_of(figures)
    assert [seat.name for seat in class_summary().seats if seat.name in page] == []
    assert "本份不含学生姓名" in page
    assert "表3" not in page


def test_what_a_person_wrote_is_escaped():
    page = html_of(class_summary(examples=("<img src=x> & <script>",), generated_by='"><b>'))
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert '"><b>' not in page


def test_a_page_without_end_stops_with_a_kind_word(monkeypatch):
    rows = "<table>" + "<tr><td>x</td></tr>" * (pdf.MAX_ROWS + 1) + "</table>"
    with pytest.raises(pdf.TooLong, match="只选一个班"):
        pdf.render_pdf(rows)
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 10)
    with pytest.raises(pdf.TooLong):
        pdf.render_pdf("<p>" + "x" * 10)


def test_too_many_pages_stop():
    with pytest.raises(pdf.TooLong):
        pdf.render_pdf("<!DOCTYPE html>" + "<p style='break-after: page'>x</p>" * 5, max_pages=3)


def test_an_old_weasyprint_is_refused(monkeypatch):
    monkeypatch.setattr(pdf, "version", lambda name: "69.2")
    assert [message.id for message in checks._version()] == ["reports.E001"]
