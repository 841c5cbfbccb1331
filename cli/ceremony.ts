// ceremony plan, script: what is on paper before a ceremony. A Plan is made of a small file that a
// person wrote, checked, and shown with the words that people will read; its script is printed from
// it alone. Needs no server, and knows no token, share or protocol.
import { readFileSync, writeFileSync } from 'node:fs'
import { ceremonyKinds, encodePlan, parsePlan, type ReadPlan } from '../policy/ceremony/plan.ts'
import { requireKnown, requireRoot } from '../policy/ceremony/plan-fit.ts'
import { turnsOf } from '../policy/ceremony/script.ts'
import { scriptHtml } from '../policy/ceremony/script-html.ts'
import { planText, scriptText } from '../policy/ceremony/script-text.ts'
import { minutesOf } from '../policy/ceremony/sheets.ts'
import { parseRoot } from '../policy/documents.ts'
import { parseRoster } from '../policy/roster.ts'
import { writeTime } from '../proto/shape.ts'
import { wordsOf } from '../proto/words.ts'
import { planOfDraft } from './plan-draft.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  required,
  UsageError,
  type Verb,
  word,
} from './verb.ts'

const string = { type: 'string' } as const

export const ceremonyPlan: Verb = {
  about: 'check a plan and show its words; or make one: enrolment, genesis, sign, reshare, drill',
  usage: '[KIND] FILE [--out PLAN] [--root FILE] [--directory FILE]',
  words: { min: 1, max: 2 },
  options: { out: string, root: string, directory: string },
  run: async (args) => (args.words.length === 1 ? check(args) : make(args)),
}

export const ceremonyScript: Verb = {
  about: 'the script of a plan, for print: text, or HTML with --html',
  usage: 'PLAN [--html] [--out FILE]',
  words: { min: 1, max: 1 },
  options: { out: string, html: { type: 'boolean' } },
  run: async (args) => {
    const read = parsePlan(readFileSync(word(args, 0)))
    const isHtml = args.flags['html'] === true
    const script = isHtml ? scriptHtml(read) : scriptText(read)
    const form = isHtml ? 'html' : 'text'
    const out = flag(args, 'out')
    if (out === undefined) return done(script, { plan: read.digest, form, script })
    writeFileSync(out, script, { flag: 'wx', mode: 0o644 })
    const foot = wordsOf(read.digest, 4)
    const text = `${out}: print it once; every page ends with: ${foot.join(' ')}\n`
    return done(text, { plan: read.digest, form, out, foot })
  },
}

function check(args: Args): Answer {
  if (flag(args, 'out') !== undefined) throw new UsageError('expected a kind before FILE')
  const read = parsePlan(readFileSync(word(args, 0)))
  requireBeside(read, args)
  return shown(read, 'the plan can be put before its approvers\n', {})
}

function make(args: Args): Answer {
  const kind = ceremonyKinds.find((known) => known === word(args, 0))
  if (kind === undefined) throw new UsageError(`expected a kind: ${ceremonyKinds.join(', ')}`)
  const out = required(args, 'out')
  const bytes = encodePlan(planOfDraft(kind, word(args, 1)))
  const read = parsePlan(bytes)
  requireBeside(read, args)
  writeFileSync(out, bytes, { flag: 'wx', mode: 0o644 })
  return shown(read, `${out} is written; its script: custody ceremony script ${out} --html\n`, {
    out,
  })
}

/** Against what lies beside it, where that was named. */
function requireBeside({ plan }: ReadPlan, args: Args): void {
  const [root, directory] = [flag(args, 'root'), flag(args, 'directory')]
  if (root !== undefined) requireRoot(plan, parseRoot(readFileSync(root, 'utf8')))
  if (directory !== undefined) requireKnown(plan, parseRoster(readFileSync(directory, 'utf8')))
}

function shown(read: ReadPlan, next: string, more: { readonly out?: string }): Answer {
  const { digest, plan } = read
  const { kind, number, rehearsal, purpose, from, until } = plan
  return done(`${planText(read)}${next}`, {
    ...{ digest, words: wordsOf(digest, 16), kind, number, rehearsal, purpose },
    ...{ from: writeTime(from), until: writeTime(until) },
    ...{ minutes: minutesOf(plan), turns: turnsOf(plan).length, ...more },
  })
}
