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
  fi
}

kind() { # of a status and a body
  local type; type=$("${jq[@]}" '.detail.type? // empty' 2>/dev/null <<<"$2")
  case $type:$1 in
    SessionNotFoundError:*) echo not_found ;; NoLinkedUserException:*) echo not_linked ;;
    *:000 | *:429 | *:5??) echo unavailable ;; *:4??) echo refused ;; *) echo protocol ;;
  esac
}

renew() {
  local user reply
  user=$(jq -nr 'env | "email=\(.HEIDI_EMAIL | @uri)&third_party_internal_id=\(.HEIDI_THIRD_PARTY_INTERNAL_ID | @uri)"')
  reply=$(ask "Heidi-Api-Key: $HEIDI_API_KEY" GET "$HEIDI_BASE_URL/jwt?$user")
  token=$("${jq[@]}" '.token // empty' 2>/dev/null <<<"${reply%$'\n'*}")
}

call() { # METHOD URL [BODY]: set status and body
  local reply
  [ -n "${token:-}" ] || renew
  reply=$(ask "Authorization: Bearer $token" "$@"); status=${reply##*$'\n'} body=${reply%$'\n'*}
  [ "$status" = 401 ] || return 0
  renew
  reply=$(ask "Authorization: Bearer $token" "$@"); status=${reply##*$'\n'} body=${reply%$'\n'*}
}

ok() { [[ $status == 2?? ]] && jq --exit-status --slurp 'map(objects, arrays) | length == 1' >/dev/null 2>&1 <<<"$body"; }

list() { # set status, and body to the array of all sessions
  local url="$HEIDI_BASE_URL/sessions/linked-user?$1" next="" items="" seen=""
  while call GET "$url$next"; ok; do
    items+=$("${jq[@]}" '.sessions[]' <<<"$body")$'\n'
    next=$("${jq[@]}" '.next_page | if . == null then "" else "&page=\(tostring | @uri)" end' <<<"$body")
    [ -n "$next" ] || { body=[$(grep . <<<"$items" | paste -sd,)]; return 0; }
    [[ $seen != *" $next "* ]] || { status=200 body=; return 0; }
    seen+=" $next "
  done
}

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
