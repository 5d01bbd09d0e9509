package lang

// room is the words of one part of the desk, in a file of its own: a struct of texts in each language. The tests walk them all.
type room struct {
	name   string
	ru, en any
}

var rooms []room

// addRoom registers a part's words: ru and en are pointers to the same struct type, whose fields are strings, structs and maps of them.
func addRoom(name string, ru, en any) { rooms = append(rooms, room{name, ru, en}) }

// addFaults adds a part's sentences for fault codes, and their labels; a code that is there already is a mistake.
func addFaults(ru, en map[string]string) {
	for from, to := range map[*map[string]string]map[string]string{&ru: russianFaults, &en: englishFaults} {
		for code, s := range *from {
			if _, twice := to[code]; twice {
				panic("lang: two sentences for " + code)
			}
			to[code] = s
		}
	}
}

// pick returns the words of a part in this catalogue's language.
func pick[T any](t *Texts, ru, en *T) *T {
	if t.tag == EN {
		return en
	}
	return ru
}

func init() { addRoom("more", &russianMore, &englishMore) }
