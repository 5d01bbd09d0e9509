package templates

// BankMore is what /settings/bank shows besides the connection.
type BankMore struct {
	May  bool // this reader may load and propose
	Open *OpenProposal

	Dir       []Fact // what is loaded; empty for nothing
	DirNote   string // nothing is loaded, made up, or old
	DirDoubt  bool
	DirButton string
	File      Field

	Years       []Fact // the moved days by year
	Missing     []string
	Year        Field
	Off, Work   Field
	Reason      Field
	Version     string // hidden: what was in force on this screen
	VersionLine string

	Keys  []BankKeyRow
	Key   Field
	Error *FieldError // of the whole form
}

// BankKeyRow is one key that the bank's messages are checked with.
type BankKeyRow struct {
	Print, From string
	Gone        *Act // nil for one that cannot be removed here
}

// OpenProposal is a change that waits for others.
type OpenProposal struct {
	Text string
	Link Link
}
