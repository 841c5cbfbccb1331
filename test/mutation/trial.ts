// A process that tries mistakes one after another: told of a file, its source with the mistake and the
// tests, it imports everything of this repository anew, so that nothing of the trial before is left,
// runs the tests up to the first that fails, and says how it went. `main.ts` ends it when it takes
// too much time of the processor.
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { root } from './reach.ts'
import { everyTwin, forgetCollected, runCollected } from './stand-in.ts'

export interface Trial {
  /** The file with the mistake, from the root, and its source; none when nothing is planted. */
  readonly path: string
  readonly source?: string
  readonly tests: readonly string[]
}

export interface Outcome {
  readonly fate: 'survived' | 'found' | 'at set-up'
  readonly by?: string
}

const standIn = new URL('stand-in.ts', import.meta.url).href
const here = pathToFileURL(`${root}/`).href
const kept = new Map<string, string>()
let round = 0
let planted: { readonly file: string; readonly source: string } | undefined

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'vitest') return { url: standIn, shortCircuit: true }
    const found = next(specifier, context)
    const isOurs = found.url.startsWith(here) && !/node_modules|test\/mutation/.test(found.url)
    return isOurs && found.url.endsWith('.ts') ? { ...found, url: `${found.url}?${round}` } : found
  },
  load(url, context, next) {
    if (!/\.ts\?\d+$/.test(url)) return next(url, context)
    const file = fileURLToPath(url.replace(/\?\d+$/, ''))
    const isPlanted = file === planted?.file
    return {
      format: 'module',
      source: isPlanted ? planted?.source : textOf(file),
      shortCircuit: true,
    }
  },
})

function textOf(file: string): string {
  const text = kept.get(file) ?? stripTypeScriptTypes(readFileSync(file, 'utf8'))
  kept.set(file, text)
  return text
}

process.on('message', async (trial: Trial) => {
  const outcome = await outcomeOf(trial)
  process.send?.(outcome)
})

async function outcomeOf({ path, source, tests }: Trial): Promise<Outcome> {
  round += 1
  everyTwin.isWanted = /dkls23\/(core|curve|scalar|plain|bits|gf128|point|engine)/.test(path)
  try {
    const file = join(root, path)
    planted = source === undefined ? undefined : { file, source: stripTypeScriptTypes(source) }
    for (const test of tests) {
      forgetCollected()
      await import(pathToFileURL(join(root, test)).href)
      const by = await runCollected()
      if (by !== undefined) return { fate: 'found', by: `${test}: ${by}`.slice(0, 300) }
    }
    return { fate: 'survived' }
  } catch (thrown) {
    const by = thrown instanceof Error ? thrown.message : String(thrown)
    return { fate: 'at set-up', by }
  }
}
