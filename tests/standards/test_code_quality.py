from tests.standards.cases import Case

CASES: list[Case] = []
