// The acts of a script that are about a Station's Seals and its Token: seal on both media, open
// again with the daily and with the spare Token, destroy what the log has left, and write down
// in the Token what it must never forget.
// INVARIANT: a Seal counts as tested only when this Token opened it and its share belongs to
// its public point; medium B is a copy of medium A that was read back.
// Source: the ceremony's design, 4.3, 4.4; `policy/ceremony/steps.ts`.
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { labelOf } from '../../policy/ceremony/plan.ts'
import { backupKinds } from '../../proto/backup-documents.ts'
import { toHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { type JsonObject, parseText } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { floorAbout, nextFloor } from '../../proto/token-floor.ts'
import { copySeals, destroySeals, openMedium, sharesOn } from './medium.ts'
import type { Heard, Played } from './performer.ts'
import { spareProof } from './spare-proof.ts'
import type { Station } from './station.ts'
import type { ActsNeeds } from './station-acts.ts'
import { type ProvedSeal, testShares } from './tokens.ts'
import type { Draft } from './turn-papers.ts'

export class StationSeals {
  readonly #needs: ActsNeeds

  constructor(needs: ActsNeeds) {
    this.#needs = needs
  }

  async seal({ turn }: Heard): Promise<Played> {
    const { media, own } = this.#needs
    const [a, b] = [openMedium(media.a), openMedium(media.b)]
    copySeals(a, b)
    const tokens = [own.tokens?.daily.serial ?? '', own.tokens?.spare.serial ?? '']
    const proved = await this.proved('a', turn.vault)
    const drafts = (['a', 'b'] as const).flatMap((medium) =>
      proved.map(({ vault, epoch, keyState, seal }): Draft => {
        const body = { vault, epoch, keyState, seal, medium, tokens: [...tokens] }
        return { type: 'share.sealed', body }
      }),
    )
    return { drafts }
  }

  async test({ turn }: Heard, from: readonly ('a' | 'b')[]): Promise<Played> {
    const drafts: Draft[] = []
    for (const medium of from) {
      for (const one of await this.proved(medium, turn.vault)) drafts.push(tested(one, medium))
    }
    return { drafts }
  }

  /** Newest epoch first: that of this sitting, opened by the Token that is in. */
  async proved(medium: 'a' | 'b', vault: string | undefined): Promise<readonly ProvedSeal[]> {
    const { media, token, curve, desk } = this.#needs
    const shares = sharesOn(media[medium]).filter((one) => one.vault === vault)
    const newest = Math.max(...shares.map(({ epoch }) => epoch))
    const wanted = shares.filter(({ epoch }) => epoch === newest)
    if (wanted.length === 0) refuse('SEAL', `medium ${medium}: no share of ${vault}`, 'X-11')
    const proved = await testShares(token.now, curve, wanted)
    desk.say(`  medium ${medium}: opens, share and public point agree`)
    return proved
  }

  async testSpare(heard: Heard): Promise<Played> {
    const { token, desk, station, random, clock } = this.#needs
    if (token.now.which !== 'spare') {
      await desk.ask('spare-in', 'daily token out, spare token in; then Enter ')
      await token.again('spare')
    }
    const proved = await this.proved('b', heard.turn.vault)
    const brought: JsonObject[] = []
    for (const one of proved) {
      const fresh = { nonce: random(32), nowMs: clock.wallMs() }
      const { statement } = await spareProof(token.now, one, station.own.self.sign, fresh)
      brought.push(testedResult(statement))
    }
    return { drafts: proved.map((one) => tested(one, 'b')), brought }
  }

  /** What the Token remembers from here on; in the Record is its count. */
  async keepFloor({ turn }: Heard): Promise<Played> {
    const { own, desk } = this.#needs
    const vault = turn.vault ?? turn.request?.vault
    if (vault === undefined) refuse('CEREMONY', 'a floor is of a vault')
    else desk.say(`  count of the token: ${await this.floor(vault, '')}`)
    return { drafts: [{ type: 'step.done', body: { confirmed: [own.custodian], noted: [] } }] }
  }

  async floor(vault: string, record: Digest | ''): Promise<number> {
    const { token, plan, media } = this.#needs
    const { org, env, origin } = plan.plan
    const about = floorAbout({ org, env, origin, vault })
    const floors = await token.now.hsm.floors()
    const last = floors.find((one) => one.about === about)
    const shares = sharesOn(media.a).filter((one) => one.vault === vault)
    const share = shares.sort((a, b) => b.epoch - a.epoch)[0]
    if (share === undefined) return refuse('SEAL', `no share of ${vault}`, 'X-11')
    const main = last?.main ?? { size: 0, root: '' as const }
    const { epoch, seal } = share
    const next = nextFloor(last, {
      about,
      env,
      epoch,
      seal,
      record,
      cold: logOf(this.#needs.station),
      main,
    })
    await token.now.hsm.keepFloor(next)
    return next.count
  }

  /** What is dead, the log says: its row of the key, not what lies on a card. */
  destroy({ turn }: Heard): Played {
    const { station, media, own } = this.#needs
    const drafts: Draft[] = []
    for (const vault of new Set(sharesOn(media.a).map((one) => one.vault))) {
      if (turn.vault !== undefined && vault !== turn.vault) continue
      const row = readSync(get(tables.vault, vault), station.own.rows)
      if (row === undefined) continue
      for (const directory of [media.a, media.b]) {
        const gone = destroySeals(openMedium(directory), row)
        drafts.push(
          ...gone.map(({ epoch }) => {
            const number = `${labelOf(own)} ${vault} epoch ${epoch}`
            return { type: 'medium.destroyed', body: { kind: 'medium', method: 'wiped', number } }
          }),
        )
      }
    }
    return { drafts }
  }
}

/** The head of the own copy. */
export function logOf({ own: { copy } }: Pick<Station, 'own'>): {
  readonly size: number
  readonly root: Digest
} {
  const size = copy.size()
  const root = copy.rootAt(size) ?? refuse('LOG_BEHIND', 'this log has no root')
  return { size, root: parseDigest(toHex(root)) }
}

/** The line that an import will write of it. */
function testedResult({ document, signature }: Signed): JsonObject {
  const said = backupKinds.tested.shape(parseText(document), 'statement')
  const { backup, epoch, keyState, node, proof, recovery, vault } = said
  const body = { backup, epoch, keyState, node, proof, recovery, vault }
  return { type: 'key.backup-tested', body: { ...body, signature: toHex(signature) } }
}

function tested({ vault, epoch, keyState, seal, token }: ProvedSeal, medium: 'a' | 'b'): Draft {
  const body = { vault, epoch, keyState, seal, medium, token: token.serial }
  return { type: 'seal.tested', body }
}
