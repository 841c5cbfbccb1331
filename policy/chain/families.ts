// The kinds of networks: one line for each, and the only list to extend when one is added. How:
// docs/chains.md. Read by `chains.ts` alone.
export { evmFamily } from './evm-family.ts'
export { tronFamily } from './tron-family.ts'
