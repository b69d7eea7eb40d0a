"""What clinicians and patients say and MeSH does not list: short forms, lay terms. No I/O.

Each line: a descriptor by its name, then what is said for it. General medical usage, kept short: what a site's texts
say beyond it is mapped once, on the page of unmatched terms. A name that the vocabulary does not hold is passed over,
so a yearly change of names does no harm.
"""

from collections.abc import Iterator


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.strip().splitlines():
        name, _, said = line.partition(": ")
        for one in said.split(", "):
            yield name, one


# Read as they are written here: "ALL" is a leukemia, "all" is not. Pairs of a name and a short form.
SHORT_FORMS = tuple(
    _lines(
        """
Acute Coronary Syndrome: ACS
Acute Kidney Injury: AKI
Amyotrophic Lateral Sclerosis: ALS
Asthma, Exercise-Induced: EIB
Atrial Fibrillation: AFib
Autism Spectrum Disorder: ASD
Brain Injuries, Traumatic: TBI, mTBI
Breast Neoplasms: MBC
Carcinoma, Hepatocellular: HCC
Carcinoma, Non-Small-Cell Lung: NSCLC
Carcinoma, Pancreatic Ductal: PDAC
Carcinoma, Renal Cell: RCC, ccRCC, mRCC
Colorectal Neoplasms: CRC, mCRC
Coronary Artery Disease: CAD
COVID-19: COVID
Diabetes Mellitus, Type 1: T1D, T1DM
Diabetes Mellitus, Type 2: T2D, T2DM
Diabetes, Gestational: GDM
Glioblastoma: GBM
Graft vs Host Disease: GVHD, GvHD, aGVHD, cGVHD
Heart Failure: CHF, HFrEF, HFpEF
Hepatitis B: HBV
Hepatitis C: HCV
HIV Infections: HIV
Hypertension, Pulmonary: PAH
Inflammatory Bowel Diseases: IBD
Irritable Bowel Syndrome: IBS
Kidney Failure, Chronic: ESKD
Leukemia, Lymphocytic, Chronic, B-Cell: CLL
Leukemia, Myelogenous, Chronic, BCR-ABL Positive: CML
Leukemia, Myeloid, Acute: AML
Lupus Erythematosus, Systemic: SLE
Lymphoma, Large B-Cell, Diffuse: DLBCL
Lymphoma, Mantle-Cell: MCL
Lymphoma, Non-Hodgkin: NHL
Macular Degeneration: AMD, ARMD
Myelodysplastic Syndromes: MDS
Myocardial Infarction: AMI
Non-alcoholic Fatty Liver Disease: NASH, MASLD, MASH
Osteoarthritis, Knee: KOA
Peripheral Arterial Disease: PAD
Polycystic Ovary Syndrome: PCOS
Precursor Cell Lymphoblastic Leukemia-Lymphoma: ALL
Prostatic Hyperplasia: BPH
Prostatic Neoplasms, Castration-Resistant: CRPC, mCRPC
Purpura, Thrombocytopenic, Idiopathic: ITP
Renal Insufficiency, Chronic: CKD
Respiratory Distress Syndrome: ARDS
Small Cell Lung Carcinoma: SCLC
Squamous Cell Carcinoma of Head and Neck: SCCHN
Triple Negative Breast Neoplasms: TNBC, mTNBC
Tuberculosis: TB
Urinary Tract Infections: UTI
Venous Thromboembolism: VTE
Venous Thrombosis: DVT
Wet Macular Degeneration: nAMD
"""
    )
)

# Read in any case and number, and in any order of words. Pairs of a name and what is said for it.
SAID = tuple(
    _lines(
        """
Asthma: asthmatic
Autoimmune Diseases: autoimmune disorder
Cocaine-Related Disorders: cocaine use disorder
Colonic Neoplasms: bowel cancer
COVID-19: SARS-CoV-2
Depressive Disorder, Major: major depression, MDD
Diabetes Mellitus, Type 1: insulin dependent diabetes, juvenile diabetes
Diabetes Mellitus, Type 2: type 2 diabetic, adult onset diabetes
Diabetes Mellitus: diabetes
Heart Diseases: heart trouble
Heart Failure: weak heart
HIV Infections: HIV positive, HIV disease
Immunologic Deficiency Syndromes: immunodeficiency, immune deficiency
Intervertebral Disc Displacement: disc prolapse, prolapsed intervertebral disc
Kidney Diseases: nephropathy
Lipid Metabolism Disorders: lipid disorder
Liver Diseases: hepatopathy
Marijuana Abuse: cannabis use disorder
Multiple Myeloma: myeloma
Nasal Polyps: nasal polyposis
Neoplasm Metastasis: metastatic disease, metastatic tumor, metastatic solid tumor
Parkinson Disease: parkinson
Prediabetic State: prediabetic
Scleroderma, Systemic: scleroderma
Stroke: brain attack
"""
    )
)
