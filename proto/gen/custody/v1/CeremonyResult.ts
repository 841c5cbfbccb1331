// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What became of one result of the room.
 */
export interface CeremonyResult {
  /**
   * The request that it carries out; for a backup the vault.
   */
  'about'?: (string);
  /**
   * Type of the line.
   */
  'line'?: (string);
  /**
   * Its number; zero when there is none.
   */
  'seq'?: (number | string | Long);
  /**
   * Why a signature is held back from its chain; empty when it took effect.
   */
  'kept'?: (string);
}

/**
 * What became of one result of the room.
 */
export interface CeremonyResult__Output {
  /**
   * The request that it carries out; for a backup the vault.
   */
  'about': (string);
  /**
   * Type of the line.
   */
  'line': (string);
  /**
   * Its number; zero when there is none.
   */
  'seq': (number);
  /**
   * Why a signature is held back from its chain; empty when it took effect.
   */
  'kept': (string);
}
