package bankdetails

// Kind is what an account's first five digits say about its holder; a stable code for texts.
type Kind string

// The kinds that the bank pays to from a collateral account, with the prefixes of bank131-api §2 and the
// names of §12. Escrow-only prefixes (40701, 40502) are not among them: this desk pays from no escrow account.
const (
	KindUnknown        Kind = ""                // any other prefix, or fewer than five digits
	KindPerson         Kind = "person"          // 40817, a resident person's current account
	KindDeposit        Kind = "deposit"         // 42301…42307, a person's deposit by term
	KindNonResident    Kind = "non_resident"    // 40820, a non-resident person
	KindSoleProprietor Kind = "sole_proprietor" // 40802
	KindCompany        Kind = "company"         // 40702, a private commercial company
)

// Kinds lists every kind but KindUnknown.
func Kinds() []Kind {
	return []Kind{KindPerson, KindDeposit, KindNonResident, KindSoleProprietor, KindCompany}
}

// AccountKind tells the kind as soon as five digits are there, so that a form can say it while one types.
func AccountKind(account string) Kind {
	if len(account) < 5 {
		return KindUnknown
	}
	switch account[:5] {
	case "40817":
		return KindPerson
	case "42301", "42302", "42303", "42304", "42305", "42306", "42307":
		return KindDeposit
	case "40820":
		return KindNonResident
	case "40802":
		return KindSoleProprietor
	case "40702":
		return KindCompany
	}
	return KindUnknown
}

// NeedINN reports whether the bank wants the payee's INN: sole proprietors and companies (bank131-api §2).
func NeedINN(account string) bool {
	k := AccountKind(account)
	return k == KindSoleProprietor || k == KindCompany
}

// NeedKPP reports whether the bank wants the payee's KPP: companies (bank131-api §2).
func NeedKPP(account string) bool { return AccountKind(account) == KindCompany }
