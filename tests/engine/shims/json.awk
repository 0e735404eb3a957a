# Flattens a JSON text: "key|key|0<TAB>value" a line.
function blank() {
  while (at <= size) {
    c = substr(text, at, 1)
    if (c == " " || c == "\t" || c == "\n" || c == "\r" || c == ",") at++
    else if (c == "/" && substr(text, at + 1, 1) == "/") { while (at <= size && substr(text, at, 1) != "\n") at++ }
    else if (c == "/" && substr(text, at + 1, 1) == "*") { at += 2; while (at <= size && substr(text, at, 2) != "*/") at++; at += 2 }
    else break
  }
}
function quoted(   s, c) {
  at++
  s = ""
  while (at <= size) {
    c = substr(text, at, 1)
    if (c == "\"") { at++; break }
    if (c == "\\") {
      at++
      c = substr(text, at, 1)
      if (c == "n" || c == "t" || c == "r") c = " "
    }
    s = s c
    at++
  }
  return s
}
function value(prefix,   c, key, n, s) {
  blank()
  c = substr(text, at, 1)
  if (c == "{") {
    at++
    for (;;) {
      blank()
      if (at > size || substr(text, at, 1) == "}") { at++; return }
      if (substr(text, at, 1) != "\"") { at++; continue }
      key = quoted()
      blank()
      at++
      value(prefix == "" ? key : prefix "|" key)
    }
  }
  if (c == "[") {
    at++
    n = 0
    for (;;) {
      blank()
      if (at > size || substr(text, at, 1) == "]") { at++; return }
      value(prefix "|" n++)
    }
  }
  if (c == "\"") { print prefix "\t" quoted(); return }
  s = ""
  while (at <= size && (c = substr(text, at, 1)) !~ /[],} \t\r\n]/) { s = s c; at++ }
  if (s == "") at++
  print prefix "\t" s
}
{ text = text $0 "\n" }
END { size = length(text); at = 1; value("") }
