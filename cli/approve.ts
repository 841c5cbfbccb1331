// pending, show, approve, reject: what waits for me, what it is, my signed yes or no. The text is
// rendered on this machine and its digest is what gets approved; the person types the end of the
// address and the amount, because people approve what they have read once more.
// Source: the API design 7.7, policy design 3.9.
import { type Approval, type Decision, signApproval, tagOf } from '../policy/approval.ts'
import type { BodyOf } from '../policy/audit/bodies.ts'
import type { Entry } from '../policy/audit/entry.ts'
import { parseCall } from '../policy/chain/evm-call.ts'
import { parseMessage } from '../policy/chain/evm-message.ts'
import { type Change, claimsChange, parseChange } from '../policy/change.ts'
import type { Intent } from '../policy/intent.ts'
import { parseIntent } from '../policy/request.ts'
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import { writeSigned } from '../proto/frames.ts'
import { type Handle, parseDigest, parsePersonId } from '../proto/ids.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { Refused, refuse } from '../proto/refusal.ts'
import { openKey } from './approver-key.ts'
import { atDesk, type Desk, waitMs } from './desk.ts'
import { effectiveJson, requireCreated, waitEffective } from './effective.ts'
import { keyOptions, profileOptions } from './profile.ts'
import type { Ruleset } from './ruleset.ts'
import { amountOf, checkCode, show as render } from './show.ts'
import type { Shown } from './shown.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  Mistyped,
  must,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

export const pending: Verb = {
  about: 'what waits for my decision, and what a room has signed and is held back',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['approver'], async ({ client, ruleset }) => {
      const { pending: found, held } = must(await client.ApprovalService.ListPending({}))
      const items = found.map((one) => ({ ...waiting(one.intent, ruleset), ...toldOf(one) }))
      const lines = items.map(
        ({ check, id, what, rule, missing, expires }) =>
          `${check}  ${what}\n` +
          `           ${rule}, needs ${missing.join(' + ')}, until ${expires}\n` +
          `           ${id}\n`,
      )
      const kept = held.map(({ intent, because }) => ({ ...waiting(intent, ruleset), because }))
      const keptLines = kept.map(({ check, id, what, because }) => {
        return `${check}  HELD BACK ${what}\n           ${because}\n           ${id}\n`
      })
      const text = `${lines.join('') || 'nothing waits for you\n'}${keptLines.join('')}`
      return done(text, { pending: items, held: kept })
    }),
}

type Pending = ReplyOf<'ApprovalService', 'ListPending'>['pending'][number]

function toldOf({ rule, missing, expires }: Pending) {
  return { rule, missing: [...missing], expires }
}

function subjectOf(change: Change): string {
  switch (change.op) {
    case 'peer.readmit':
      return `${change.terms.peer} at ${change.terms.node}`
    case 'ceremony.plan':
      return `${change.terms.kind} for ${change.terms.vaults.join(', ')}`
    default:
      return change.vault
  }
}

/** From the bytes of the request; nothing that anybody says of them. */
function waiting(bytes: Uint8Array, { rulebook }: Ruleset) {
  if (claimsChange(bytes)) {
    const { digest, change } = parseChange(bytes)
    const { op, vault } = change
    return {
      id: digest,
      check: checkCode(digest),
      what: `${op} of ${subjectOf(change)}`,
      op,
      vault,
    }
  }
  const { digest, intent } = parseIntent(bytes)
  const asset = rulebook.assets.get(intent.asset)
  const amount = asset === undefined ? `${intent.amount}` : amountOf(intent, asset)
  const { vault, to } = intent
  const what = askedFor(intent, amount)
  return { id: digest, check: checkCode(digest), what, amount, vault, to }
}

function askedFor({ vault, to, call, message, cancels }: Intent, amount: string): string {
  if (cancels !== undefined) return `cancel of ${checkCode(cancels)} of ${vault}`
  if (message !== undefined) {
    const read = parseMessage(message)
    const kind = read.kind === 'typed' ? `${read.typed.primaryType} for ${to}` : 'a declaration'
    return `${kind}, to be signed by ${vault}`
  }
  if (call === undefined) return `${amount} from ${vault} to ${to}`
  return `call of ${parseCall(call).form.name} at ${to} by ${vault}, with ${amount}`
}

export const show: Verb = {
  about: 'one request, decoded and rendered on this machine',
  usage: 'ID [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['approver'], async (desk) => {
      const { shown, state, decisions, held } = await fetchShown(args, desk, world)
      const said = decisions.map(({ person, decision }) => `${person} ${decision}`)
      const so = said.length === 0 ? 'nobody has decided yet' : said.join(', ')
      const why = held === '' ? '' : `HELD      ${held}\n`
      return done(`${screen(shown)}STATE     ${state} (${so})\n${why}`, {
        ...facts(shown),
        state,
        decisions,
        held,
      })
    }),
}

export const approve: Verb = decide('approve', 'say yes: sign and submit my approval')
export const reject: Verb = decide('reject', 'say no: it ends the request for good')

function decide(decision: Decision, about: string): Verb {
  return {
    about,
    usage: 'ID [--role ROLE] [--yes] [--wait SECONDS] [--as DIR] [--credential FILE]',
    words: { min: 1, max: 1 },
    options: {
      ...profileOptions,
      ...keyOptions,
      role: { type: 'string' },
      yes: { type: 'boolean' },
      wait: { type: 'string' },
    },
    run: (args, world) =>
      atDesk(args, world, ['approver'], (desk) => decideAt(decision, desk, args, world)),
  }
}

async function decideAt(decision: Decision, desk: Desk, args: Args, world: World): Promise<Answer> {
  const patienceMs = waitMs(args)
  const { shown } = await fetchShown(args, desk, world)
  const role = roleFor(shown, desk, flag(args, 'role'))
  world.say(screen(shown))
  if (decision === 'approve' && shown.beside?.missing) throw new Refused(shown.beside.missing)
  if (args.flags['yes'] !== true) await confirm(decision, shown, world)
  const key = await openKey(desk.profile, args, world)
  const approval = approvalOf(decision, { shown, desk, role, credential: key.credential }, world)
  const signed = signApproval(approval, key.sign)
  const digest = digestOf(tagOf(decision), toUtf8(signed.document))
  const reply = must(
    await desk.client.ApprovalService.SubmitDecision({ decision: writeSigned(signed) }),
  )
  world.say(`recorded as line ${reply.seq}, waiting for the witnesses\n`)
  const type = decision === 'approve' ? 'approval.recorded' : 'approval.rejected'
  const said = {
    approval: digest,
    intent: shown.digest,
    person: approval.person,
    rule: approval.rule,
  }
  const isOurs = (entry: Entry): boolean => entry.type === type && isSame(entry.body, said)
  const { reigns } = desk.ruleset
  const effective = await waitEffective(reply, isOurs, { ...desk, reigns, world }, patienceMs)
  const { seq, state } = reply
  await requireCreated(desk.client, seq, effective, shown)
  const by = effective.witnesses.join(', ')
  return done(`effective: line ${seq}, cosigned by ${by}; the request is ${state}\n`, {
    ...facts(shown),
    ...{ decision, approval: digest, seq, state },
    effective: effectiveJson(effective),
  })
}

type Decided = BodyOf<'approval.recorded'>

function isSame(body: Decided, said: Decided): boolean {
  return (['approval', 'intent', 'person', 'rule'] as const).every(
    (field) => body[field] === said[field],
  )
}

async function fetchShown(args: Args, { client, ruleset }: Desk, world: World) {
  const id = parseDigest(word(args, 0), 'ID')
  const sent = must(await client.ApprovalService.GetApprovalPackage({ id }))
  const shown = await render(sent, ruleset, client, world.nowMs())
  if (shown.digest !== id) refuse('APPROVAL_INTENT', `expected the intent ${id}, got another`)
  const { state, decisions, held } = sent
  return { shown, state, decisions, held }
}

/** The role in which this person may fill a slot of the rule. */
function roleFor({ rule }: Shown, desk: Desk, wanted: string | undefined): Handle {
  const { profile, ruleset } = desk
  const person = parsePersonId(profile.id)
  const mine = rule.require
    .map(({ role }) => role)
    .filter((role) => ruleset.rulebook.roles.get(role)?.members.has(person))
  const chosen = wanted === undefined ? mine[0] : mine.find((role) => role === wanted)
  return chosen ?? refuse('APPROVAL_SCOPE', `rule ${rule.id} asks nobody in your roles`)
}

function screen(shown: Shown): string {
  const { beside, digest, text } = shown
  return `${beside?.text ?? ''}${text}CHECK     ${checkCode(digest)}  ${digest}\n`
}

function facts({ digest, text, display }: Shown) {
  return { id: digest, check: checkCode(digest), text, display }
}

async function confirm(decision: Decision, shown: Shown, world: World): Promise<void> {
  for (const [at, { question, isRight, what }] of shown.retype.entries()) {
    const typed = await world.ask(
      at === 0 ? `To ${decision}, type ${question}` : `and ${question}`,
      false,
    )
    if (at === 0 && typed === undefined) {
      throw new UsageError('expected a terminal to ask at, or --yes')
    }
    if (!isRight(typed?.trim() ?? '')) {
      throw new Mistyped(`the ${what} typed is another one: nothing was signed`)
    }
  }
}

function approvalOf(
  decision: Decision,
  about: {
    readonly shown: Shown
    readonly desk: Desk
    readonly role: Handle
    readonly credential: Handle
  },
  world: World,
): Approval {
  const { shown, desk, role, credential } = about
  const { profile, ruleset } = desk
  const issued = Math.floor(world.nowMs() / 1_000) * 1_000
  return {
    org: profile.org,
    env: profile.env,
    decision,
    intent: shown.digest,
    policy: ruleset.rulebook.digest,
    directory: ruleset.roster.digest,
    rule: shown.rule.id,
    as: role,
    person: parsePersonId(profile.id),
    credential,
    display: shown.display,
    issued,
    expires: Math.min(shown.asked.notAfter, issued + shown.rule.ttlMs),
    nonce: world.random(16),
  }
}
