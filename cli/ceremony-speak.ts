// ceremony speak: signs one's Statement of a sitting by one's own credential, on one's own machine:
// the file is what the Record station wrote, and what is brought back is the credential's name and
// the signature. INVARIANT: signs nothing but a Statement, in whose words it is shown before; the
// key never comes to the table.
import { readFileSync } from 'node:fs'
import { parseStatement, statementMessage } from '../policy/ceremony/statement.ts'
import { toHex } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { openKey } from './approver-key.ts'
import { keyOptions, openProfile, profileOptions } from './profile.ts'
import { done, type Verb, word } from './verb.ts'

export const ceremonySpeak: Verb = {
  about: 'sign your Statement of a sitting, to bring it to the Record station',
  usage: 'FILE --as PROFILE',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, ...keyOptions },
  run: async (args, world) => {
    const document = readFileSync(word(args, 0), 'utf8')
    const { actor, verdict, plan, record, exceptions } = parseStatement(document)
    const profile = openProfile(args, world)
    if (profile.id !== actor.person) {
      refuse('CONFIG', `${profile.id}: this is the Statement of ${actor.person}`)
    }
    const says = `${actor.role}/${actor.person} ${verdict} on ${exceptions} exceptions`
    world.say(`${says}\nplan ${plan}\nrecord ${record.size} lines, ${record.root}\n`)
    const key = await openKey(profile, args, world)
    const signature = toHex(key.sign(statementMessage(document)))
    const text = `${key.credential} ${signature}\n`
    return done(text, { credential: key.credential, signature })
  },
}
