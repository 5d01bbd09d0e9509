package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// lines collects one line for each mistake.
type lines []error

type setting struct{ flag, value string }

func (l *lines) add(flag, format string, args ...any) {
	*l = append(*l, fmt.Errorf("--%s: %s", flag, fmt.Sprintf(format, args...)))
}

// once is add, but for a line that is there already.
func (l *lines) once(flag, format string, args ...any) {
	line := fmt.Sprintf("--%s: %s", flag, fmt.Sprintf(format, args...))
	if !slices.ContainsFunc(*l, func(e error) bool { return e.Error() == line }) {
		*l = append(*l, errors.New(line))
	}
}

func (l *lines) argument(name, value string) {
	if value == "" {
		*l = append(*l, fmt.Errorf("%s: missing", name))
	}
}

// given notes a missing setting and reports whether it is there.
func (l *lines) given(flag, value string) bool {
	if strings.TrimSpace(value) == "" {
		l.add(flag, "missing; give it, or set %s", envName(flag))
		return false
	}
	return true
}

func (l *lines) oneOf(flag, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		l.add(flag, "%.60q is not one of: %s", value, strings.Join(allowed, ", "))
	}
}

func (l *lines) number(flag string, n, low, high int) {
	if n < low || n > high {
		l.add(flag, "%d is not between %d and %d", n, low, high)
	}
}

func (l *lines) between(flag string, d, low, high time.Duration) {
	if d < low || d > high {
		l.add(flag, "%s is not between %s and %s", d, low, high)
	}
}

// addr checks HOST:PORT and returns the host.
func (l *lines) addr(flag, value string) (host string, ok bool) {
	if !l.given(flag, value) {
		return "", false
	}
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		l.add(flag, "%.60q is not HOST:PORT", value)
		return "", false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		l.add(flag, "%.60q: the port is not a number from 0 to 65535", value)
		return "", false
	}
	return host, true
}

// loopback reports whether a host is this machine and nothing else; "" is every interface.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// url checks an http or https address; secure allows http only to this machine. It returns nil if
// the address is wrong. What it complains of is never repeated: it may hold a password.
func (l *lines) url(flag, value string, secure bool) *url.URL {
	if !l.given(flag, value) {
		return nil
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		l.add(flag, "is not an address like https://example.org")
	case u.User != nil:
		l.add(flag, "must not hold a name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		l.add(flag, "must not hold a ? or #")
	case secure && u.Scheme == "http" && !loopback(u.Hostname()):
		l.add(flag, "must begin with https:// (http only to this machine)")
	default:
		return u
	}
	return nil
}

func (l *lines) publicURL(flag, value string) *url.URL {
	u := l.url(flag, value, false)
	switch {
	case u == nil:
		return nil
	case u.Path != "" && u.Path != "/":
		l.add(flag, "must not hold a path")
	case u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1":
		l.add(flag, "must begin with https:// (http only on localhost or 127.0.0.1): the sign-in cookie is for secure pages only")
	default:
		return u
	}
	return nil
}

// folder checks that there is a folder, if one is named.
func (l *lines) folder(flag, path string) {
	if path == "" || !l.path(flag, path) {
		return
	}
	if info, err := os.Stat(path); err != nil {
		l.add(flag, "%s: %s", path, cause(err))
	} else if !info.IsDir() {
		l.add(flag, "%s is a file, not a folder", path)
	}
}

// maxKeyFile bounds a key file: nobody's key is a megabyte, but a mistyped path may be.
const maxKeyFile = 1 << 20

// file checks that there is a readable file.
func (l *lines) file(flag, path string) {
	if !l.given(flag, path) || !l.path(flag, path) {
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.add(flag, "%s: %s", path, cause(err))
		return
	case info.IsDir():
		l.add(flag, "%s is a folder, not a file", path)
		return
	case !info.Mode().IsRegular():
		return // a pipe of the service manager can be read only once
	case info.Size() == 0:
		l.add(flag, "%s is empty", path)
		return
	case info.Size() > maxKeyFile:
		l.add(flag, "%s is larger than 1 MiB", path)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		l.add(flag, "%s: %s", path, cause(err))
		return
	}
	if err := f.Close(); err != nil {
		l.add(flag, "%s: %s", path, cause(err))
	}
}

// newFile checks that a file is there or could be made, and reports whether the path will do.
func (l *lines) newFile(flag, path string) bool {
	if !l.given(flag, path) || !l.path(flag, path) {
		return false
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		l.add(flag, "%s is a folder, not a file", path)
		return false
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true // it is made, 0700, with the file
	case err != nil:
		l.add(flag, "its folder %s: %s", dir, cause(err))
		return false
	case !info.IsDir():
		l.add(flag, "%s is not a folder", dir)
		return false
	}
	return true
}

// newFolder checks that a folder is there or could be made.
func (l *lines) newFolder(flag, path string) {
	if !l.path(flag, path) {
		return
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it is made, 0700
	case err != nil:
		l.add(flag, "%s: %s", path, cause(err))
	case !info.IsDir():
		l.add(flag, "%s is not a folder", path)
	}
}

// path refuses what cannot be meant as a path; it does not repeat it, for it may be a secret.
func (l *lines) path(flag, path string) bool {
	if isSecret(path) || strings.IndexFunc(path, unicode.IsControl) >= 0 || len(path) > 4096 {
		l.add(flag, "takes the path of a file, not what is in it")
		return false
	}
	if strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "file:") {
		l.add(flag, "takes a plain path")
		return false
	}
	return true
}

func cause(err error) string {
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read"
	case errors.As(err, &pe):
		return pe.Err.Error()
	}
	return err.Error()
}

// apart refuses two settings that name one file.
func (l *lines) apart(s ...setting) {
	for i, a := range s {
		for _, b := range s[:i] {
			if a.value != "" && b.value != "" && realPath(a.value) == realPath(b.value) {
				l.add(a.flag, "is the same file as --%s", b.flag)
			}
		}
	}
}

// inside reports whether path lies in the folder of beside, or below it.
func inside(path, beside string) bool {
	rel, err := filepath.Rel(filepath.Dir(realPath(beside)), realPath(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// realPath returns the absolute path without links, as far as it exists.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return filepath.Clean(path)
}

func tooOpen(s ...setting) []string {
	var out []string
	for _, a := range s {
		if a.value == "" {
			continue
		}
		if info, err := os.Stat(a.value); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
			out = append(out, fmt.Sprintf("--%s: every user of this machine can read %s: chmod 600", a.flag, a.value))
		}
	}
	return out
}

func notHeader(r rune) bool { return r <= ' ' || r > '~' }

// describe writes a command as a command line. Settings are paths and addresses, not secrets; what
// an operator may have put into them by mistake is cut out.
func describe(name string, cmd Command) string {
	var b strings.Builder
	b.WriteString(name)
	v := reflect.ValueOf(cmd).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		value := fmt.Sprint(v.Field(i))
		if p, ok := v.Field(i).Interface().(Proxies); ok {
			value = strings.Trim(fmt.Sprint([]netip.Prefix(p)), "[]")
		}
		if value == "" {
			continue
		}
		if _, arg := f.Tag.Lookup("arg"); arg {
			fmt.Fprintf(&b, " %s", quote(redact(value)))
			continue
		}
		flag := f.Tag.Get("name")
		if flag == "" {
			flag = flagName(f.Name)
		}
		fmt.Fprintf(&b, " --%s=%s", flag, quote(redact(value)))
	}
	return b.String()
}

// flagName turns PollMin into poll-min; names with several capitals in a row carry a name tag.
func flagName(field string) string {
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func redact(s string) string {
	if isSecret(s) || strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return "(cut out)"
	}
	if !strings.Contains(s, "://") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		return "(cut out)"
	}
	if u.User != nil {
		u.User = url.User("xxxxx")
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

func quote(s string) string {
	if strings.ContainsAny(s, " \"'\\") {
		return strconv.Quote(s)
	}
	return s
}
