# Flattens a TOML text: "section.key<TAB>raw value" a line; values that span lines are joined.
function balance(s,   i, c, q, n) {
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (q != "") { if (c == q) q = "" }
    else if (c == "\"" || c == "'") q = c
    else if (c == "#") return n
    else if (c == "[" || c == "{") n++
    else if (c == "]" || c == "}") n--
  }
  return n
}
function bare(s,   i, c, q) {
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (q != "") { if (c == q) q = "" }
    else if (c == "\"" || c == "'") q = c
    else if (c == "#") { s = substr(s, 1, i - 1); break }
  }
  gsub(/^[ \t]+|[ \t\r]+$/, "", s)
  return s
}
open > 0 { kept = kept " " bare($0); open += balance($0); if (open <= 0) print kept; next }
{ line = bare($0) }
line == "" { next }
line ~ /^\[\[/ { section = substr(line, 3, length(line) - 4) "[]."; gsub(/"/, "", section); next }
line ~ /^\[[^=]*\]$/ { section = substr(line, 2, length(line) - 2) "."; gsub(/"/, "", section); next }
(i = index(line, "=")) {
  key = bare(substr(line, 1, i - 1))
  gsub(/"/, "", key)
  kept = section key "\t" bare(substr(line, i + 1))
  open = balance(substr(line, i + 1))
  if (open <= 0) print kept
}
