"""How ClinicalTrials.gov's indexing differs from what the words of a trial say, as far as it is a habit. No I/O.

Counted in 4,336 of its public records (legacy XML of 2023-02, API v2 of 2023-06 to 2026-08; terms by NLM), kept where
five trials or more turn a decision: most add a term that no word says, the others take back a general term. It is
evidence to begin with; a mirror of the registry teaches more, in the same form. `python -m bench.mesh_habits` prints
it, without the registry's mistakes.

Each line: the term that was chosen, or "text:" and the stems of the text; the other term; in how many trials it was
given, of how many that tell; and, for the reader, their names in 2024.
"""

from actors.mesh.evidence import Evidence, Told
from actors.mesh.scope import About

CONDITIONS = """
D000077195|D002294|1|13|Squamous Cell Carcinoma of Head and Neck: Carcinoma, Squamous Cell
D000080223|D014581|1|12|Chronic Urticaria: Urticaria
D000544|D003704|0|20|Alzheimer Disease: Dementia
D001229|D055732|0|9|Aspergillosis, Allergic Bronchopulmonary: Pulmonary Aspergillosis
D002292|D002277|6|18|Carcinoma, Renal Cell: Carcinoma
D002312|D006984|8|8|Cardiomyopathy, Hypertrophic: Hypertrophy
D003093|D014456|7|8|Colitis, Ulcerative: Ulcer
D003233|D003231|0|6|Conjunctivitis, Allergic: Conjunctivitis
D003324|D017202|11|15|Coronary Artery Disease: Myocardial Ischemia
D003586|D003141|16|19|Cytomegalovirus Infections: Communicable Diseases
D003586|D007239|14|17|Cytomegalovirus Infections: Infections
D003865|D003863|11|11|Depressive Disorder, Major: Depression
D003876|D003872|3|39|Dermatitis, Atopic: Dermatitis
D005512|D006967|6|50|Food Hypersensitivity: Hypersensitivity
D006255|D065631|2|14|Rhinitis, Allergic, Seasonal: Rhinitis, Allergic
D006255|D006967|1|13|Rhinitis, Allergic, Seasonal: Hypersensitivity
D006255|D012220|1|13|Rhinitis, Allergic, Seasonal: Rhinitis
D007405|D011391|5|51|Intervertebral Disc Displacement: Prolapse
D009101|D010954|52|68|Multiple Myeloma: Plasmacytoma
D009190|D011289|63|72|Myelodysplastic Syndromes: Preleukemia
D009190|D013577|59|72|Myelodysplastic Syndromes: Syndrome
D009196|D011289|12|13|Myeloproliferative Disorders: Preleukemia
D009196|D013577|12|13|Myeloproliferative Disorders: Syndrome
D009298|D011127|1|12|Nasal Polyps: Polyps
D009373|D009369|17|21|Neoplasms, Germ Cell and Embryonal: Neoplasms
D010003|D001168|1|10|Osteoarthritis: Arthritis
D010523|D009422|5|6|Peripheral Nervous System Diseases: Nervous System Diseases
D012128|D012127|13|13|Respiratory Distress Syndrome: Respiratory Distress Syndrome, Newborn
D012595|D045743|7|7|Scleroderma, Systemic: Scleroderma, Diffuse
D014376|D009164|1|15|Tuberculosis: Mycobacterium Infections
D015270|D007239|15|15|Mycobacterium avium-intracellulare Infection: Infections
D015270|D003141|14|15|Mycobacterium avium-intracellulare Infection: Communicable Diseases
D015270|D009164|14|14|Mycobacterium avium-intracellulare Infection: Mycobacterium Infections
D015451|D007938|8|10|Leukemia, Lymphocytic, Chronic, B-Cell: Leukemia
D015464|D007938|11|12|Leukemia, Myelogenous, Chronic, BCR-ABL Positive: Leukemia
D016269|D006967|1|21|Milk Hypersensitivity: Hypersensitivity
D016491|D058729|6|6|Peripheral Vascular Diseases: Peripheral Arterial Disease
D016757|D003643|1|12|Death, Sudden, Cardiac: Death
D017116|D001416|9|12|Low Back Pain: Back Pain
D021181|D006967|1|5|Egg Hypersensitivity: Hypersensitivity
D021183|D006967|6|20|Peanut Hypersensitivity: Hypersensitivity
D029424|D008171|6|15|Pulmonary Disease, Chronic Obstructive: Lung Diseases
D029424|D008173|6|16|Pulmonary Disease, Chronic Obstructive: Lung Diseases, Obstructive
D029424|D002908|0|31|Pulmonary Disease, Chronic Obstructive: Chronic Disease
D054219|D010954|52|53|Neoplasms, Plasma Cell: Plasmacytoma
D054437|D009196|6|6|Myelodysplastic-Myeloproliferative Diseases: Myeloproliferative Disorders
D054437|D011289|6|7|Myelodysplastic-Myeloproliferative Diseases: Preleukemia
D054437|D013577|6|7|Myelodysplastic-Myeloproliferative Diseases: Syndrome
D064726|D001943|0|6|Triple Negative Breast Neoplasms: Breast Neoplasms
D065631|D012220|3|33|Rhinitis, Allergic: Rhinitis
text:acute leukemia|D000208|8|9|Acute Disease
text:agent drug organ tissue toxicity|D064420|11|11|Drug-Related Side Effects and Adverse Reactions
text:cancer cell pelvis renal transitional ureter|D002295|6|6|Carcinoma, Transitional Cell
text:cancer cell pelvis renal transitional ureter|D007680|6|6|Kidney Neoplasms
text:cancer cell pelvis renal transitional ureter|D014516|6|6|Ureteral Neoplasms
text:cell childhood germ tumor|D009369|5|5|Neoplasms
text:cell extragonadal germ tumor|D009369|11|11|Neoplasms
text:cell germ testicular tumor|D009369|12|16|Neoplasms
text:cell multiple myeloma neoplasm plasma|D010954|50|50|Plasmacytoma
text:childhood protocol solid specific tumor unspecified|D009369|11|15|Neoplasms
text:chronic disorder myeloproliferative|D011289|11|11|Preleukemia
text:chronic disorder myeloproliferative|D013577|11|11|Syndrome
text:coronary disease heart reduction risk|D003324|9|9|Coronary Artery Disease
text:coronary disease heart reduction risk|D017202|8|8|Myocardial Ischemia
text:disc herniation lumbar|D006547|12|15|Hernia
"""

INTERVENTIONS = """
C506643|D004317|13|13|liposomal doxorubicin: Doxorubicin
D000911|D000906|23|24|Antibodies, Monoclonal: Antibodies
D002955|D058766|72|78|Leucovorin: Levoleucovorin
D007136|D000906|6|6|Immunoglobulins: Antibodies
D007136|D005916|0|5|Immunoglobulins: Globulins
D007376|D007378|0|9|Interleukin-2: Interleukins
D007455|D000906|7|9|Iodine: Antibodies
D009609|D010087|0|5|Nitrous Oxide: Oxides
D015019|D000906|6|7|Yttrium: Antibodies
D016179|D003115|0|8|Granulocyte Colony-Stimulating Factor: Colony-Stimulating Factors
D016572|D003524|47|47|Cyclosporine: Cyclosporins
D016685|D008937|6|6|Mitomycin: Mitomycins
D017245|D010746|8|9|Foscarnet: Phosphonoacetic Acid
D018664|D007378|0|10|Interleukin-12: Interleukins
text:adjuvant freund incomplete|D005620|5|5|Freund's Adjuvant
text:care standard|D059039|5|5|Standard of Care
text:doxorubicin hydrochloride liposomal pegylated|D004317|13|13|Doxorubicin
text:estrogen replacement therapy|D006728|5|5|Hormones
text:hormone replacement therapy|D006728|7|7|Hormones
text:prick skin test|D010328|7|7|Patch Tests
"""


def evidence(about: About) -> Evidence:
    """What is known of the registry's habits in a field; nothing of procedures, which it does not index."""
    lines = {"condition": CONDITIONS, "intervention": INTERVENTIONS}.get(about, "").strip()
    return Evidence(_told(line) for line in lines.splitlines())


def uis(about: About) -> frozenset[str]:
    """The terms that habits may add."""
    lines = {"condition": CONDITIONS, "intervention": INTERVENTIONS}.get(about, "").strip()
    return frozenset(_told(line).ui for line in lines.splitlines())


def _told(line: str) -> Told:
    context, ui, given, trials, _ = line.split("|")
    return Told(context, ui, int(given), int(trials))
