#!/usr/bin/env bash
# Drives curl and jq: heidi-conformance client -- bash curl.sh
# Credentials, addresses and bodies reach curl through pipes, so that the process list shows none of them.
set -uo pipefail
jq=(jq --compact-output --raw-output)

# ask HEADER METHOD URL [BODY]: write the response's body, then its status on a line of its own.
ask() {
  local options=(--silent --path-as-is --compressed --max-time "${HEIDI_TIMEOUT:-30}" --write-out '\n%{http_code}' --request "$2")
  if [ $# -lt 4 ]; then curl "${options[@]}" --config <(printf 'url = "%s"\nheader = "%s"\n' "$3" "$1")
  else
    curl "${options[@]}" --config <(printf 'url = "%s"\nheader = "%s"\n' "$3" "$1") \
      --header 'Content-Type: application/json' --data-binary @<(printf %s "$4")
  fi | head -c 8000000
}

send() { # like ask: set status and body; what is longer has no status, and is not read
  local reply
  reply=$(ask "$@")
  [ "${reply: -4:1}" = $'\n' ] || reply=$'\n200'
  status=${reply##*$'\n'} body=${reply%$'\n'*}
}

kind() { # of a status and a body
  local type; type=$("${jq[@]}" '.detail.type? // empty' 2>/dev/null <<<"$2")
  case $type:$1 in
    SessionNotFoundError:*) echo not_found ;; NoLinkedUserException:*) echo not_linked ;;
    *:000 | *:429 | *:5??) echo unavailable ;; *:4??) echo refused ;; *) echo protocol ;;
  esac
}

renew() { # set token, and the second in which it ends; without one, status and body say why
  local user
  user=$(jq -nr 'env | "email=\(.HEIDI_EMAIL | @uri)&third_party_internal_id=\(.HEIDI_THIRD_PARTY_INTERNAL_ID | @uri)"')
  send "Heidi-Api-Key: $HEIDI_API_KEY" GET "$HEIDI_BASE_URL/jwt?$user"
  token=$("${jq[@]}" '.token | strings' 2>/dev/null <<<"$body")
  ends=$("${jq[@]}" '.expiration_time | sub("\\.[0-9]+"; "") | fromdateiso8601' 2>/dev/null <<<"$body")
  [ -n "$token" ] || { body=; return 1; }
}

call() { # METHOD URL [BODY]: set status and body
  [ -n "${token:-}" ] && ((EPOCHSECONDS < ${ends:-0} - 1)) || renew || return 0
  send "Authorization: Bearer $token" "$@"
  [ "$status" = 401 ] || return 0
  renew || return 0
  send "Authorization: Bearer $token" "$@"
}

ok() { [[ $status == 2?? ]] && jq --exit-status --slurp 'map(objects, arrays) | length == 1' >/dev/null 2>&1 <<<"$body"; }

list() { # set status, and body to the array of all sessions
  local url="$HEIDI_BASE_URL/sessions/linked-user?$1" next="" items="" seen=""
  while call GET "$url$next"; ok; do
    items+=$("${jq[@]}" '.sessions | if type == "array" then .[] else error("no list") end' 2>/dev/null <<<"$body")$'\n' || { body=; return 0; }
    next=$("${jq[@]}" '.next_page | if . == null then "" else "&page=\(tostring | @uri)" end' <<<"$body")
    [ -n "$next" ] || { body=[$(grep . <<<"$items" | paste -sd,)]; return 0; }
    [[ $seen != *" $next "* ]] || { status=200 body=; return 0; }
    seen+=" $next "
  done
}

jq -cn --arg client "$(curl --version | head -1 | cut -d ' ' -f 1,2), $(jq --version)" '{protocol: 1, $client}'
while IFS= read -r line; do
  while IFS= read -r step; do
    operation=$("${jq[@]}" .operation <<<"$step")
    session="$HEIDI_BASE_URL/sessions/$("${jq[@]}" '.path.session_id // "" | @uri' <<<"$step")"
    given=$("${jq[@]}" '.body // {}' <<<"$step")
    case $operation in
      createSession) call POST "$HEIDI_BASE_URL/sessions" "$given" ;;
      getSession) call GET "$session" ;;
      updateSession) call PATCH "$session" "$given" ;;
      listLinkedUserSessions) list "$("${jq[@]}" '.query // {} | to_entries | map("\(.key)=\(.value | tostring | @uri)") | join("&")' <<<"$step")" ;;
      *) jq -c '{id, error: "unsupported"}' <<<"$step"; continue ;;
    esac
    if ok; then printf '{"id":%s,"value":%s}\n' "$(jq .id <<<"$step")" "$(tr -d '\r\n' <<<"$body")"
    else jq -c --arg kind "$(kind "$status" "$body")" '{id, error: $kind}' <<<"$step"; fi
  done < <(jq -c '.together // [.] | .[]' <<<"$line")
done
