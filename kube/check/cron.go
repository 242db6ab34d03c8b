package check

import (
	"strconv"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

func cronSchedule(r *run, o *object) {
	if o.kind.id != cronJob {
		return
	}
	schedule := o.spec.Get("schedule").Str()
	if want := wantSchedule(schedule); want != "" {
		r.report(o, kube.Fields("spec", "schedule"), "got %q, want %s", schedule, want)
	}
	zone := o.spec.Get("timeZone")
	if want := wantTimeZone(zone.Str()); zone.Exists() && want != "" {
		r.report(o, kube.Fields("spec", "timeZone"), "got %s, want %s", show(zone), want)
	}
}

// cronField is one of the five fields of a schedule.
type cronField struct {
	name     string
	min, max int
	names    []string // of the numbers from min on
}

var cronFields = [...]cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// wantSchedule says what is wrong with a schedule, by the grammar of github.com/robfig/cron/v3 (ParseStandard), which Kubernetes
// uses.
func wantSchedule(s string) string {
	if strings.Contains(s, "TZ") {
		return "the zone in timeZone"
	}
	if strings.HasPrefix(s, "@") {
		return wantDescriptor(s)
	}
	fields := strings.Fields(s)
	if len(fields) != len(cronFields) {
		want := "five fields: minute, hour, day of the month, month, day of the week"
		if len(fields) == len(cronFields)+1 {
			want += "; there are no seconds"
		}
		return want
	}
	for i := range cronFields {
		f := &cronFields[i]
		for part := range strings.FieldsFuncSeq(fields[i], func(c rune) bool { return c == ',' }) {
			if !f.accepts(part) {
				return "for the " + f.name + " numbers from " + strconv.Itoa(f.min) + " to " + strconv.Itoa(f.max) + ", as in \"1,3-5,*/2\", got " + strconv.Quote(part)
			}
		}
	}
	return ""
}

func wantDescriptor(s string) string {
	switch s {
	case "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly":
		return ""
	}
	if every, ok := strings.CutPrefix(s, "@every "); ok {
		if _, err := time.ParseDuration(every); err == nil {
			return ""
		}
		return `a duration such as "@every 1h30m"`
	}
	return "@yearly, @monthly, @weekly, @daily, @hourly or @every DURATION"
}

// accepts a number, a range or "*", each with a step if wanted.
func (f *cronField) accepts(s string) bool {
	s, step, ok := strings.Cut(s, "/")
	if n, err := strconv.ParseUint(step, 10, 31); ok && (err != nil || n == 0) {
		return false
	}
	from, to, isRange := strings.Cut(s, "-")
	if from == "*" || from == "?" {
		return true
	}
	a, ok := f.number(from)
	if !ok || a < f.min || a > f.max {
		return false
	}
	if !isRange {
		return true
	}
	b, ok := f.number(to)
	return ok && a <= b && b <= f.max
}

func (f *cronField) number(s string) (int, bool) {
	for i, name := range f.names {
		if strings.EqualFold(s, name) {
			return f.min + i, true
		}
	}
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

// wantTimeZone says what is wrong with the form of a time zone's name: which of them exist is the cluster's to know.
func wantTimeZone(s string) string {
	const want = `a name of the IANA database such as "Europe/Berlin" or "Etc/UTC"`
	if s == "" || strings.EqualFold(s, "Local") {
		return want
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." || part[0] == '-' || len(part) > 14 {
			return want
		}
		for i := range len(part) {
			if c := part[i]; !syntax.IsAlnum(c) && strings.IndexByte(".-_+", c) < 0 {
				return want
			}
		}
	}
	return ""
}
