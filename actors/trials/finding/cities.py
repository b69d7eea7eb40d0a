"""Names that one city goes by, in records and in what people type. No I/O.

Registries write a city as its sponsors do: Wien or Vienna. Only names stand here, never places: where a city lies is
told by the records alone. Names are folded: lower case, without accents.
"""

from functools import cache

_ALIKE = """
vienna wien | munich munchen muenchen | cologne koln koeln | nuremberg nurnberg nuernberg | hanover hannover
brunswick braunschweig | dusseldorf duesseldorf | zurich zuerich | geneva geneve genf | basel basle bale | bern berne
lucerne luzern | rome roma | milan milano | turin torino | florence firenze | naples napoli | venice venezia
genoa genova | padua padova | lisbon lisboa | oporto porto | seville sevilla | zaragoza saragossa
san sebastian=donostia | brussels bruxelles brussel | antwerp antwerpen anvers | ghent gent gand | liege luik
the hague=den haag=s-gravenhage | copenhagen kobenhavn koebenhavn | arhus aarhus | gothenburg goteborg goeteborg
malmo malmoe | helsinki helsingfors | turku abo | tampere tammerfors | prague praha | brno brunn | pilsen plzen
warsaw warszawa | cracow krakow krakau | wroclaw breslau | gdansk danzig | lodz lodsch | bratislava pressburg
bucharest bucuresti | cluj cluj-napoca | sofia sofiya | belgrade beograd | zagreb agram | ljubljana laibach
athens athina athinai | thessaloniki salonica | istanbul constantinople | izmir smyrna | moscow moskva
saint petersburg=st petersburg=st. petersburg=sankt-peterburg | kyiv kiev | lviv lvov lwow | kharkiv kharkov
tbilisi tiflis | beijing peking | guangzhou canton | nanjing nanking | chongqing chungking | xi'an xian
mumbai bombay | chennai madras | kolkata calcutta | bengaluru bangalore | pune poona | yangon rangoon
ho chi minh city=ho chi minh=saigon | hanoi=ha noi | cairo al-qahirah | alexandria al-iskandariyah
mexico city=ciudad de mexico=mexico df | saint louis=st louis=st. louis | saint paul=st paul=st. paul
quebec=quebec city | new york=new york city
"""


@cache
def _names() -> dict[str, tuple[str, ...]]:
    groups = (group.strip() for line in _ALIKE.strip().splitlines() for group in line.split("|"))
    found: dict[str, tuple[str, ...]] = {}
    for group in groups:
        names = tuple(group.split("=") if "=" in group else group.split())
        found |= dict.fromkeys(names, names)
    return found


def names_of(city: str) -> tuple[str, ...]:
    """A folded name, and others of the same city, as far as they are known."""
    return tuple(dict.fromkeys((city, *_names().get(city, ()))))
