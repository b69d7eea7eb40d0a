"""MeSH made for the tests of this folder: records as XML, and a small vocabulary with real names and places. No I/O."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from actors.mesh.tree import Tree
from actors.mesh.vocabulary import Known, Vocabulary

# Of the real tree of 2024: id, name, places, other terms.
HEADINGS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("D007239", "Infections", ("C01",), ("Infection",)),
    ("D009369", "Neoplasms", ("C04",), ("Cancer", "Cancers", "Tumor", "Tumors", "Neoplasm", "Malignant Neoplasm")),
    ("D001943", "Breast Neoplasms", ("C04.588.180", "C17.800.090.500"), ("Breast Cancer", "Tumors, Breast")),
    ("D006258", "Head and Neck Neoplasms", ("C04.588.443",), ("Head and Neck Cancer", "Head Cancer", "Neck Cancer")),
    ("D008175", "Lung Neoplasms", ("C04.588.894.797.520",), ("Lung Cancer", "Pulmonary Neoplasms")),
    ("D002289", "Carcinoma, Non-Small-Cell Lung", ("C04.588.894.797.520.109.220.249",),
     ("Non-Small Cell Lung Cancer", "Nonsmall Cell Lung Cancer")),
    ("D055752", "Small Cell Lung Carcinoma", ("C04.588.894.797.520.109.220.624",), ("Small Cell Lung Cancer",)),
    ("D007938", "Leukemia", ("C04.557.337",), ("Leucocythaemias",)),
    ("D015470", "Leukemia, Myeloid, Acute", ("C04.557.337.539.275",), ("Acute Myeloid Leukemia",)),
    ("D054198", "Precursor Cell Lymphoblastic Leukemia-Lymphoma", ("C04.557.337.428.600",), ()),
    ("D006331", "Heart Diseases", ("C14.280",), ("Cardiac Diseases", "Heart Disease")),
    ("D006333", "Heart Failure", ("C14.280.434",), ("Cardiac Failure", "Heart Decompensation")),
    ("D017202", "Myocardial Ischemia", ("C14.280.647", "C14.907.585"), ("Ischemic Heart Disease",)),
    ("D009203", "Myocardial Infarction", ("C14.280.647.500", "C23.550.513.355.750"), ("Heart Attack", "Heart Attacks")),
    ("D000740", "Anemia", ("C15.378.071",), ()),
    ("D000755", "Anemia, Sickle Cell", ("C15.378.071.141.150.150", "C15.378.420.155"), ("Sickle Cell Anemia",)),
    ("D003872", "Dermatitis", ("C17.800.174",), ("Dermatitides",)),
    ("D003876", "Dermatitis, Atopic", ("C17.800.174.193", "C20.543.480.343"), ("Atopic Dermatitis",)),
    ("D003920", "Diabetes Mellitus", ("C18.452.394.750", "C19.246"), ()),
    ("D003924", "Diabetes Mellitus, Type 2", ("C18.452.394.750.149", "C19.246.300"), ("Type 2 Diabetes", "NIDDM")),
    ("D004194", "Disease", ("C23.550.288",), ("Diseases",)),
    ("D013577", "Syndrome", ("C23.550.288.500",), ()),
    ("D007511", "Ischemia", ("C23.550.513",), ()),
    ("D007238", "Infarction", ("C23.550.513.355",), ("Infarctions",)),
    ("D006261", "Headache", ("C23.888.592.612.441",), ()),
    ("D003027", "Cluster Headache", ("C10.228.140.546.699.500.250",), ()),
    ("D003424", "Crohn Disease", ("C06.405.205.731.500",), ("Crohn's Disease", "Crohns Disease")),
    ("D012859", "Sjogren's Syndrome", ("C05.550.114.154.774",), ("Sicca Syndrome",)),
    ("D015658", "HIV Infections", ("C01.221.250.875",), ("HIV Infection",)),
    ("D040242", "Risk Reduction Behavior", ("F01.145.813",), ("Risk Reduction",)),
    ("D003866", "Depressive Disorder", ("F03.600.300",), ()),
    ("D003865", "Depressive Disorder, Major", ("F03.600.300.375",), ("Major Depressive Disorder",)),
    ("D011269", "Pregnancy", ("G08.686.784.769",), ()),
    ("D001241", "Aspirin", ("D02.455.426.559.389.657.410.595.176",), ("Acetylsalicylic Acid",)),
    ("D002955", "Leucovorin", ("D03.633.100.733.631.400.400",), ("Leucovorin Calcium", "Folinic Acid")),
    ("D002118", "Calcium", ("D01.268.552.100",), ()),
    ("D007372", "Interferons", ("D12.776.467.374.440.890",), ("Interferon",)),
    ("D016898", "Interferon-alpha", ("D12.776.467.374.440.890.250",), ("Interferon alfa", "alpha-Interferon")),
    ("D013607", "Tablets", ("D26.255.830",), ()),
    ("D010919", "Placebos", ("D26.660", "E02.785"), ("Placebo",)),
    ("D013420", "Sulfamethoxazole", ("D02.065.884.725.810",), ()),
    ("D014295", "Trimethoprim", ("D03.383.742.906",), ()),
    ("D015662", "Trimethoprim, Sulfamethoxazole Drug Combination", ("D26.310.875",),
     ("Trimethoprim-Sulfamethoxazole",)),
    ("D011878", "Radiotherapy", ("E02.815",), ("Radiation Therapy",)),
)  # fmt: skip
SUPPLEMENTARY = (("C582435", "pembrolizumab", ("D061067",)), ("C506643", "liposomal doxorubicin", ("D004317",)))


def vocabulary(*more: Known) -> Vocabulary:
    known = [Known(ui, name, "name") for ui, name, _, _ in HEADINGS]
    known += [Known(ui, term, "entry") for ui, _, _, terms in HEADINGS for term in terms]
    known += [Known(ui, name, "name") for ui, name, _ in SUPPLEMENTARY]
    return Vocabulary(
        [*known, *more],
        tree(),
        kinds={ui: 1 for ui, _, _ in SUPPLEMENTARY},
        headings={ui: headings for ui, _, headings in SUPPLEMENTARY},
    )


def tree() -> Tree:
    return Tree((ui, number) for ui, _, numbers, _ in HEADINGS for number in numbers)


def descriptor_xml(
    ui: str = "D000001",
    name: str = "Calcimycin",
    *,
    numbers: Iterable[str] = (),
    terms: Sequence[str] = (),
    rest: str = "",
) -> str:
    """A descriptor as NLM writes it; `rest` stands before its tree numbers."""
    each = "".join(
        f'<Term ConceptPreferredTermYN="{"N" if number else "Y"}" IsPermutedTermYN="N" LexicalTag="NON">'
        f"<TermUI>T{number}</TermUI><String>{escape(term)}</String></Term>"
        for number, term in enumerate([name, *terms])
    )
    places = "".join(f"<TreeNumber>{number}</TreeNumber>" for number in numbers)
    return (
        f'<DescriptorRecord DescriptorClass="1"><DescriptorUI>{ui}</DescriptorUI>'
        f"<DescriptorName><String>{escape(name)}</String></DescriptorName>{rest}"
        f"<TreeNumberList>{places}</TreeNumberList>"
        f'<ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M1</ConceptUI>'
        f"<ConceptName><String>{escape(name)}</String></ConceptName>"
        f"<TermList>{each}</TermList></Concept></ConceptList></DescriptorRecord>\n"
    )


def file_xml(*records: str, doctype: str = "") -> bytes:
    inside = "".join(records)
    return f'<?xml version="1.0"?>\n{doctype}<DescriptorRecordSet>\n{inside}</DescriptorRecordSet>\n'.encode()
