"""Whom to call about a station: the configuration before StationXML, an operator's word before both."""

from __future__ import annotations

import pytest

from houfeng.errors import ConfigError
from stations.card import Card, Corrections, make_cards, resolved
from stations.inventory import Site, parse_stationxml
from stations.settings import AgencySettings, NetworkSettings, SiteSettings
from tests.stations.check.conftest import DOCUMENT

OPERATOR = (
    "<Operator><Agency>Observatory</Agency><Contact><Name>Ann</Name><Email>ann@example.org</Email></Contact>"
    "<WebSite>https://example.org</WebSite></Operator>"
)
AGENCIES = [AgencySettings("KIS", "Institute of Seismology", "KG", "+996 312"), AgencySettings("CAIAG")]
NETWORKS = [NetworkSettings("KR", "Kyrgyz Digital Network", "KIS"), NetworkSettings("KC", "", "nobody in the list")]


def cards(*stations: SiteSettings, site: Site | None = None) -> dict[str, Card]:
    known = site or Site("KR.AAA", 1.0, 2.0, 3.0, agency="of StationXML", contact="its mail")
    return make_cards({known.station_id: known}, {}, {"KR.AAA": ("geofon",)}, stations, NETWORKS, AGENCIES)


def test_stationxml_tells_the_operator() -> None:
    site = parse_stationxml(DOCUMENT.replace("</Site>", f"</Site>{OPERATOR}").encode(), "a.xml").sites["KR.AAA"]
    assert (site.agency, site.contact) == ("Observatory", "Ann, ann@example.org, https://example.org")


def test_the_agency_of_the_network_counts_before_stationxml() -> None:
    card = cards()["KR.AAA"]
    assert card == Card("full", "Institute of Seismology", "+996 312", "", ("geofon",), "Kyrgyz Digital Network")


def test_the_agency_of_the_station_counts_before_that_of_its_network() -> None:
    card = cards(SiteSettings("KR.AAA", agency="CAIAG", link="VSAT"))["KR.AAA"]
    assert (card.agency, card.contact, card.link) == ("CAIAG", "", "VSAT")


def test_stationxml_counts_where_the_configuration_says_nothing() -> None:
    card = cards(site=Site("XX.AAA", 1.0, 2.0, 3.0, agency="of StationXML", contact="its mail"))["XX.AAA"]
    assert (card.agency, card.contact, card.network, card.servers) == ("of StationXML", "its mail", "", ())


def test_an_agency_that_no_block_describes_is_a_name() -> None:
    card = cards(site=Site("KC.AAA", 1.0, 2.0, 3.0))["KC.AAA"]
    assert (card.agency, card.contact) == ("nobody in the list", "")


def test_an_operator_counts_before_all() -> None:
    card = cards()["KR.AAA"]
    assert card.corrected(Corrections(contact="+1")).contact == "+1"
    assert card.corrected(Corrections(agency=card.agency)).contact == "+996 312"
    # the number of another agency would be worse than none
    assert card.corrected(Corrections(agency="CAIAG")).contact == ""
    assert resolved({"agency": "KIS"}, AGENCIES) == {"agency": "Institute of Seismology", "contact": "+996 312"}
    assert resolved({"agency": "KIS", "contact": "+1"}, AGENCIES)["contact"] == "+1"
    assert resolved({"link": "x"}, AGENCIES) == {"link": "x"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AgencySettings(" "), "agency.code: a short name such as KNDC is needed"),
        (lambda: AgencySettings("KIS", country="kg"), "agency[KIS].country: two capital letters"),
        (lambda: NetworkSettings("KR.A"), "network.code: a network code such as KR is needed, 'KR.A' came"),
        (lambda: NetworkSettings(""), "network.code"),
    ],
)
def test_what_is_no_agency_or_network_is_refused(make: object, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make()  # type: ignore[operator]
    assert words in str(refused.value)
