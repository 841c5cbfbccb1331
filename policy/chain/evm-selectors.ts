// Functions that everybody knows by their first four bytes: a token's transfer, and calls that
// move or lend more than one payment. Named, so that a log shows what was tried, and so that
// nobody gives such four bytes another name: names with a wanted selector are found in seconds.
import { keccak256, toHex, toUtf8 } from '../../proto/crypto.ts'

export const selectorOf = (signature: string): Uint8Array =>
  keccak256(toUtf8(signature)).subarray(0, 4)

/** The name of the function that is known by this selector. */
export function functionOf(selector: Uint8Array): string | undefined {
  return known.get(toHex(selector))
}

/** EIP-3009. */
const authorization = 'address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32'

const known: ReadonlyMap<string, string> = new Map(
  [
    'transfer(address,uint256)',
    'approve(address,uint256)',
    'increaseAllowance(address,uint256)',
    'decreaseAllowance(address,uint256)',
    'increaseApproval(address,uint256)',
    'decreaseApproval(address,uint256)',
    'approveAndCall(address,uint256,bytes)',
    'transferAndCall(address,uint256,bytes)',
    'transferFrom(address,address,uint256)',
    'transferFromAndCall(address,address,uint256,bytes)',
    'safeTransferFrom(address,address,uint256)',
    'safeTransferFrom(address,address,uint256,bytes)',
    'safeTransferFrom(address,address,uint256,uint256,bytes)',
    'safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)',
    'permit(address,address,uint256,uint256,uint8,bytes32,bytes32)',
    'permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)',
    `transferWithAuthorization(${authorization})`,
    `receiveWithAuthorization(${authorization})`,
    'setApprovalForAll(address,bool)',
    'multicall(bytes[])',
    'multicall(uint256,bytes[])',
    'multicall(bytes32,bytes[])',
    'multiSend(bytes)',
    'aggregate((address,bytes)[])',
    'aggregate3((address,bool,bytes)[])',
    'aggregate3Value((address,bool,uint256,bytes)[])',
    'tryAggregate(bool,(address,bytes)[])',
    'execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)',
    'execTransactionFromModule(address,uint256,bytes,uint8)',
    'execute(address,uint256,bytes)',
    'executeBatch(address[],uint256[],bytes[])',
    'upgradeTo(address)',
    'upgradeToAndCall(address,bytes)',
    'transferOwnership(address)',
    'changeAdmin(address)',
    'grantRole(bytes32,address)',
  ].map((signature) => [toHex(selectorOf(signature)), signature.slice(0, signature.indexOf('('))]),
)
