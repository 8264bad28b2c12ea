# Help texts of recurd or recurctl, as roff: a list of flags, in recurctl's case under a heading for each command,
# then the exit codes. Two forms of a flag are understood: Abseil's, "    --name (meaning); default: value;", which
# goes on in the following lines, and recurctl's "  --name   meaning".

function roff(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  sub(/^[.']/, "\\\\\\&&", text)
  return text
}

function item(name, meaning) { print ".TP\n.B " roff(name) "\n" roff(meaning) }

function end_flag(  at) {
  if (flag == "") return
  if (!match(flag, /\); *default: .*;$/)) { print "not a flag: " flag >"/dev/stderr"; failed = 1; exit 1 }
  at = RSTART
  meaning = substr(flag, 1, at - 1)
  value = substr(flag, at)
  sub(/^\); *default: /, "", value)
  sub(/;$/, "", value)
  name = meaning
  sub(/ .*/, "", name)
  sub(/^[^ ]* \(/, "", meaning)
  item(name, meaning (value == "\"\"" ? "" : " Default: " value "."))
  flag = ""
}

/^ +--[a-z_]+ \(/ { end_flag(); sub(/^ +/, ""); flag = $0; in_flags = 1; next }
in_flags && /^      / { sub(/^ +/, " "); flag = flag $0; next }
in_flags { end_flag(); next }

/^usage: .* COMMAND/ { next }
/^usage: / { sub(/^usage: /, ""); print ".SS " roff($0); in_command = 1; in_codes = 0; next }

/^Exit codes: / { codes = $0; sub(/^Exit codes: /, "", codes); in_codes = 1; next }
in_codes && NF { codes = codes " " $0; next }
!NF { in_codes = 0 }
!in_command { next }
/^  [^ ]/ { name = $1; sub(/^  [^ ]+ +/, ""); item(name, $0); next }
NF { print roff($0) }

END {
  if (failed) exit 1
  end_flag()
  print ".SH EXIT STATUS"
  while (match(codes, /^[0-9] /)) {
    at = match(substr(codes, 3), /[;,] [0-9] /)
    meaning = at ? substr(codes, 3, at - 1) "." : substr(codes, 3)
    print ".TP\n.B " substr(codes, 1, 1) "\n" roff(meaning)
    codes = at ? substr(codes, at + 4) : ""
  }
}
