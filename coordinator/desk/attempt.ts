// The attempt line, from which on a request is spent. The sequencer runs `admit` on the page that
// holds the line, exactly as every node will: what a node would refuse never becomes a line.
import { type Admitted, admit } from '../../policy/admit.ts'
import { requestView } from '../../policy/audit/history.ts'
import { witnessedIn } from '../../policy/audit/witnessed.ts'
import { acceptsFor, forms } from '../../policy/chain/chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { tableClock } from '../../policy/cold.ts'
import type { InForce } from '../../policy/in-force.ts'
import { parseIntent } from '../../policy/request.ts'
import { networkOf } from '../../policy/rulebook.ts'
import { parseWarrant, type Warrant } from '../../policy/warrant.ts'
import { plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal, refusal, refuse } from '../../proto/refusal.ts'
import { digest, handle, integer, list, object, writeTime } from '../../proto/shape.ts'
import type { Page } from '../page.ts'
import { type Handler, recorded } from '../proposal.ts'
import { readBlob } from '../store/blobs.ts'
import type { Tree } from '../tree.ts'
import type { RulesMemory } from './rules.ts'
import { line } from './settle.ts'

export interface AttemptPorts {
  readonly memory: RulesMemory
  readonly tree: Tree
}

const shape = object({
  intent: digest,
  attempt: integer(1, limits.attemptsPerIntentMax),
  epoch: integer(0, Number.MAX_SAFE_INTEGER),
  participants: list(handle, 1, limits.nodesMax),
  warrant: digest,
})

export function attemptHandler(ports: AttemptPorts): Handler {
  return async (sheet, content) => {
    const proposed = shape(content, 'attempt')
    const bytes = (await readBlob(sheet.session, proposed.warrant))?.content
    if (bytes === undefined) return refuse('WARRANT', 'no warrant is kept under this digest')
    const { inForce } = await ports.memory.at(sheet)
    const body = bodyOf(parseWarrant(bytes).warrant, proposed, inForce)
    await sheet.append(line('session.started', body))
    const result = await admitOn(sheet, ports, { ...proposed, warrant: bytes })
    // Named as a node's would be: the check stands before the reason.
    if (isRefusal(result)) {
      return refusal(result.code, `${result.check}: ${result.because}`, result.rule)
    }
    return recorded(sheet)
  }
}

function bodyOf(
  warrant: Warrant,
  proposed: ReturnType<typeof shape>,
  { rulebook }: Pick<InForce, 'rulebook'>,
): JsonObject {
  const { intent } = parseIntent(toUtf8(warrant.intent.document))
  // In whatever form: whether it is lawful is asked of `admit`, below.
  const prices = networkOf(rulebook, intent.vault)?.prices
  const accepts = acceptsFor(intent, { forms, prices })
  const decoded = chainOf(intent.network).decode(warrant.bytes, accepts)
  const { fee, digest: sighash, slot, until } = decoded
  return {
    ...proposed,
    participants: [...proposed.participants],
    bytes: plainDigest(warrant.bytes),
    digest: toHex(sighash),
    fee: { max: `${fee.max}`, price: `${fee.price}`, tip: `${fee.tip}` },
    replaces: warrant.replaces,
    slot,
    until: until === undefined ? '' : writeTime(until),
  }
}

async function admitOn(
  sheet: Page,
  { memory, tree }: AttemptPorts,
  the: Omit<ReturnType<typeof shape>, 'warrant'> & { readonly warrant: Uint8Array },
): Promise<Admitted | ReturnType<typeof admit>> {
  const { reigns } = await memory.at(sheet)
  const rootAt = (size: number) => (size <= tree.size ? tree.root(size) : undefined)
  const view = await sheet.read(requestView(the.intent))
  return admit({
    warrant: the.warrant,
    attempt: the.attempt,
    own: {
      view,
      clockMs: tableClock(view, sheet.t),
      frozenLocally: false,
      witnessedAt: (seq, heads) => witnessedIn({ reigns, rootAt }, seq, heads),
    },
  })
}
