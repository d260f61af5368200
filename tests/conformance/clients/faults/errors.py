"""Errors: failures that are reported as another kind, or not at all."""

from tests.conformance.clients.changes import fault

TYPED = "    if isinstance(named, str) and named in TYPES:\n        return TYPES[named]\n"
GONE = '    if reply.status == 429 or reply.status >= 500:\n        return "unavailable"\n'
REST = '    return "refused" if reply.status >= 400 else "protocol"\n'
FAILED = "    except FailedError as error:\n        return line_of(step, error=error.kind, message=str(error))\n"
SUCCESS = "    if reply.status < 300:\n        return None\n"

FAULTS = (
    fault("errors.by_status", "Knows failures by their status alone.", (TYPED, "    if reply.status in {403, 404}:\n        return \"not_found\" if reply.status == 404 else \"not_linked\"\n")),
    fault("errors.not_found_only_as_404", "Knows SessionNotFoundError only beside 404.", (TYPED, "    if isinstance(named, str) and named in TYPES and (reply.status == 404 or named[0] == \"N\"):\n        return TYPES[named]\n")),
    fault("errors.not_linked_only_as_403", "Knows NoLinkedUserException only beside 403.", (TYPED, "    if isinstance(named, str) and named in TYPES and (reply.status == 403 or named[0] == \"S\"):\n        return TYPES[named]\n")),
    fault("errors.not_linked_unknown", "Does not know NoLinkedUserException.", (", \"NoLinkedUserException\": \"not_linked\"}", "}")),
    fault("errors.not_linked_is_empty", "Returns an empty list to a user who is not linked.", (FAILED, FAILED.replace("        return", "        if error.kind == \"not_linked\":\n            return line_of(step, value=[])\n        return"))),
    fault("errors.not_linked_is_not_found", "Reports a user who is not linked as not found.", ("\"NoLinkedUserException\": \"not_linked\"", "\"NoLinkedUserException\": \"not_found\"")),
    fault("errors.any_403_is_not_linked", "Reports every 403 as a user who is not linked.", (GONE, "    if reply.status == 403:\n        return \"not_linked\"\n" + GONE)),
    fault("errors.by_message", "Recognizes failures by the words of their message.", (TYPED, "    words = detail.get(\"msg\") if isinstance(detail, dict) else None\n    if words in {\"Session not found\", \"error: no linked user\"}:\n        return \"not_found\" if words[0] == \"S\" else \"not_linked\"\n")),
    fault("errors.by_part_of_type", "Calls every failure not found whose type has NotFound in it.", (TYPED, TYPED + "    if isinstance(named, str) and \"NotFound\" in named:\n        return \"not_found\"\n")),
    fault("errors.all_not_found", "Reports every failure as a session that does not exist.", (FAILED, FAILED.replace("error=error.kind", "error=\"not_found\""))),
    fault("errors.unavailable_is_not_found", "Says that a session does not exist when the server is unavailable.", (FAILED, FAILED.replace("error=error.kind", "error=\"not_found\" if error.kind == \"unavailable\" else error.kind"))),
    fault("errors.refused_is_not_found", "Says that a session does not exist when the request was refused.", (REST, REST.replace("\"refused\"", "\"not_found\""))),
    fault("errors.not_found_is_null", "Returns null for a session that does not exist, as if that were a session.", (FAILED, FAILED.replace("        return", "        if error.kind == \"not_found\":\n            return line_of(step, value=None)\n        return"))),
    fault("errors.not_found_creates", "Creates a session when the one to be updated does not exist.", (FAILED, FAILED.replace("        return", "        if error.kind == \"not_found\" and step[\"operation\"] == \"updateSession\":\n            return await result(client, {**step, \"operation\": \"createSession\", \"path\": {}, \"body\": {}})\n        return"))),
    fault("errors.refused_is_success", "Returns the body of an error as if it were the session.", ("        return succeeded(method, route, reply)\n", "        return reply\n"), ("        content = demand(reply, wanted)\n        return content[", "        if reply.status >= 400:\n            return decoded(reply.content)\n        content = demand(reply, wanted)\n        return content[")),
    fault("errors.update_assumed", "Says that an update was made, whatever the server says.", (FAILED, FAILED.replace("        return", "        if step[\"operation\"] == \"updateSession\":\n            return line_of(step, value={**step[\"path\"], **step[\"body\"]})\n        return"))),
    fault("errors.lost_update_assumed", "Says that an update was made when its response was lost.", (FAILED, FAILED.replace("        return", "        if step[\"operation\"] == \"updateSession\" and error.kind == \"unavailable\":\n            return line_of(step, value={**step[\"path\"], **step[\"body\"]})\n        return"))),
    fault("errors.refused_is_unavailable", "Reports a refused request as an unavailable server.", (REST, REST.replace("\"refused\"", "\"unavailable\""))),
    fault("errors.unavailable_is_refused", "Reports an unavailable server as a refused request.", (GONE, "")),
    fault("errors.429_is_refused", "Reports a busy server as a refused request.", (GONE, "    if reply.status >= 500:\n        return \"unavailable\"\n")),
    fault("errors.401_is_unavailable", "Says that the server is unavailable when the key is refused.", (GONE, "    if reply.status in {401, 429} or reply.status >= 500:\n        return \"unavailable\"\n")),
    fault("errors.lost_is_protocol", "Reports a broken connection as an unreadable response.", ("raise FailedError(\"unavailable\", f\"{method} {route}: {lost}\") from None", "raise FailedError(\"protocol\", f\"{method} {route}: {lost}\") from None")),
    fault("errors.unreadable_is_unavailable", "Reports an unreadable response as an unavailable server.", ("        raise FailedError(\"protocol\", f\"the response has no {name}\")\n", "        raise FailedError(\"unavailable\", f\"the response has no {name}\")\n")),
    fault("errors.failed_token_is_anonymous", "Continues without a token when it could not get one.", ("        token = await self.current()\n        reply", "        try:\n            token = await self.current()\n        except FailedError:\n            token = Token(\"none\", 0)\n        reply"), scenarios="tokens"),
    fault("errors.one_fails_all_fail", "When one of several concurrent steps fails, reports all of them as failed.", ("        for each in await asyncio.gather(*(result(client, one) for one in steps)):\n", "        lines = await asyncio.gather(*(result(client, one) for one in steps))\n        failed = next((json.loads(each) for each in lines if '\"error\"' in each), None)\n        for each in lines if failed is None else [line_of(one, error=failed[\"error\"]) for one in steps]:\n")),
    fault("errors.404_is_not_found", "Reports every 404 as a session that does not exist, whatever its type.", (TYPED, "    if reply.status == 404:\n        return \"not_found\"\n" + TYPED)),
    fault("errors.gateway_is_refused", "Reports a gateway that lost the server as a refused request.", (GONE, GONE.replace("reply.status >= 500", "reply.status in {500, 503}"))),
)  # fmt: skip
