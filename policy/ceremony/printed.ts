// The script of a ceremony as it is carried out beside its Record: both forms of the paper that
// people ticked and signed, printed from the Plan. Whoever has the Plan prints them again, so a
// judge says whether these are the plan's, of the program that judges.
import { equalBytes, toUtf8 } from '../../proto/crypto.ts'
import type { BundleFiles } from './bundle.ts'
import { scriptNames } from './bundle-out.ts'
import type { ReadPlan } from './plan.ts'
import { scriptHtml } from './script-html.ts'
import { scriptText } from './script-text.ts'

export function printedScripts(plan: ReadPlan): BundleFiles {
  return new Map([
    [scriptNames.text, toUtf8(scriptText(plan))],
    [scriptNames.html, toUtf8(scriptHtml(plan))],
  ])
}

/** Carried out, as this program prints it, and not as it does. */
export interface Scripts {
  readonly same: readonly string[]
  readonly other: readonly string[]
}

export function compareScripts(plan: ReadPlan, scripts: BundleFiles): Scripts {
  const printed = printedScripts(plan)
  const names = [...scripts.keys()].sort()
  const isSame = (name: string): boolean => {
    const [own, carried] = [printed.get(name), scripts.get(name)]
    return own !== undefined && carried !== undefined && equalBytes(own, carried)
  }
  return { same: names.filter(isSame), other: names.filter((name) => !isSame(name)) }
}
