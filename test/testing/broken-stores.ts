import { comparing } from './broken/comparison.js';
import { deleting } from './broken/deletion.js';
import { limiting } from './broken/limits.js';
import { keepingAndReading } from './broken/records.js';
import { sweeping } from './broken/sweep.js';
import { updating } from './broken/updates.js';
import type { Broken } from './faulty-store.js';

export const brokenStores: readonly Broken[] = [
  ...keepingAndReading,
  ...updating,
  ...limiting,
  ...deleting,
  ...comparing,
  ...sweeping,
];
