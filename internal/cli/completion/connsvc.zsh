#compdef connsvc
# Completion of connsvc in zsh.
_connsvc() {
  local -a found
  found=(${(f)"$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then
    compadd -- "$found[@]"
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_connsvc" ]; then
  _connsvc "$@"
else
  compdef _connsvc connsvc
fi
