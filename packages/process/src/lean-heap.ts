import { setFlagsFromString } from 'node:v8';

/**
 * Makes the heap collect when it has grown by half, and keep the part for new objects at the size it has now. By itself
 * the engine would let it grow fourfold first: faster by little, but a long stream would then cost memory by chance.
 */
export function keepHeapLean(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}
