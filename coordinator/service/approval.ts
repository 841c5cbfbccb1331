// ApprovalService for people: what waits for them, the bytes to render and sign on their own
// machine, and their decision. Nothing is rendered here: a text that this program drew would be
// believed for no reason.
import { get, tables } from '../../policy/audit/tables.ts'
import { inRoles } from '../../policy/roles.ts'
import { interested } from '../../policy/roster.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { readSigned, writeSigned } from '../../proto/frames.ts'
import { type Digest, type PersonId, parseDigest, parsePersonId } from '../../proto/ids.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { Caller } from '../../proto/io/identity.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { heldBack } from '../ceremony/held.ts'
import type { Coordinator } from '../coordinator.ts'
import { type Looked, lookAt } from '../desk/request.ts'
import { callerOf } from '../requests.ts'
import { readBlob } from '../store/blobs.ts'

const newest = { before: Number.MAX_SAFE_INTEGER, countMax: 100 }

export function approvalService(coordinator: Coordinator): Handlers['ApprovalService'] {
  const { decisions, requests } = coordinator
  return {
    ListPending: async (_request, caller) => {
      const person = await personOf(coordinator, caller)
      const rows = await requests.list({ ...newest, state: 'AWAITING_APPROVAL' })
      const all = await Promise.all(rows.map(({ intent }) => looked(coordinator, intent)))
      const pending = all.filter((one) => mayDecide(one, person)).map(pendingOf)
      return { pending, held: await allHeld(coordinator) }
    },
    GetApprovalPackage: async ({ id }) => {
      const found = await looked(coordinator, parseDigest(id, 'request'))
      const { the, judged } = found
      const { driver } = coordinator
      const text = async (digest: string) =>
        toUtf8((await driver.copy.read(get(tables.document, digest)))?.text ?? '')
      return {
        intent: writeSigned(the.signed),
        record: toUtf8(recordText(found)),
        policy: await text(the.inForce.rulebook.digest),
        directory: await text(the.inForce.roster.digest),
        rule: judged.verdict.rule,
        decisions: the.decisions.map(({ person, decision, approval }) => {
          return { person, decision, digest: approval }
        }),
        state: the.row.state,
        plan: await planOf(coordinator, found),
        held: await heldOf(coordinator, found),
      }
    },
    SubmitDecision: async ({ decision }) => {
      const recorded = await decisions.decide(readSigned(decision))
      if (isRefusal(recorded)) return recorded
      const { seq, checkpoint, proof, entry, intent } = recorded
      const state = (await requests.show(intent))?.state ?? ''
      return { seq, state, checkpoint, proof: [...proof], entry }
    },
  }
}

async function personOf({ driver }: Coordinator, caller: Caller): Promise<PersonId> {
  const { roster } = (await driver.memory.at(driver.copy)).inForce
  const pin = parseDigest(caller.pin, 'pin')
  return parsePersonId(callerOf(roster, pin, caller.id, driver.clock.now()))
}

async function looked({ driver }: Coordinator, intent: Digest): Promise<Looked> {
  return lookAt(driver.copy, driver.memory, intent, driver.clock.now())
}

/** Of a payment that a room has signed. */
async function heldOf({ driver }: Coordinator, { the }: Looked): Promise<string> {
  const isSigned = the.row.state === 'SIGNED'
  const held = isSigned && (await heldBack(driver, the.row.intent, driver.clock.now()))
  return held ? `${held.code} ${held.because}` : ''
}

/** Whoever may decide or not: what came home signed and does not go is for everybody to see. */
async function allHeld(coordinator: Coordinator) {
  const { driver, requests } = coordinator
  // Only a log of cold vaults has rooms.
  if (!(await driver.memory.at(driver.copy)).root.cold) return []
  const rows = await requests.list({ ...newest, state: 'SIGNED' })
  const all = await Promise.all(
    rows.map(async ({ intent }) => {
      const found = await looked(coordinator, intent)
      return { found, because: await heldOf(coordinator, found) }
    }),
  )
  return all.flatMap(({ found: { the }, because }) => {
    return because === ''
      ? []
      : [{ id: the.row.intent, intent: toUtf8(the.signed.document), because }]
  })
}

/** Asked by the rule, not heard yet, and without an interest of their own. */
function mayDecide({ the, judged, rule, initiator }: Looked, person: PersonId): boolean {
  const { rulebook, roster } = the.inForce
  const isBarred = !rulebook.initiatorMayApprove && interested(roster, initiator).has(person)
  const isHeard = the.decisions.some((decision) => decision.person === person)
  const asked = judged.verdict.missing.map(({ role }) => role)
  return rule !== undefined && !isBarred && !isHeard && inRoles(rulebook.roles, person, asked)
}

function pendingOf({ the, judged }: Looked) {
  const { verdict, endsAt } = judged
  return {
    id: the.row.intent,
    intent: toUtf8(the.signed.document),
    rule: verdict.rule,
    missing: verdict.missing.map(({ count, role }) => `${count} ${role}`),
    expires: writeTime(endsAt),
  }
}

/** As it came with its request; empty for what plans no ceremony. */
async function planOf({ driver }: Coordinator, found: Looked): Promise<Uint8Array> {
  const none = new Uint8Array()
  if (found.kind !== 'change') return none
  const { change } = found.the
  if (change.op !== 'ceremony.plan') return none
  return (await readBlob(driver.copy.session, change.terms.plan))?.content ?? none
}

/** Canonical text of the destination record; empty for an own vault and for a change. */
function recordText(found: Looked): string {
  if (found.kind === 'change') return ''
  const { evidence } = found.the
  switch (evidence.kind) {
    case 'vault':
      return ''
    case 'book':
      return evidence.record
    case 'attested':
      return evidence.record.document
  }
}
