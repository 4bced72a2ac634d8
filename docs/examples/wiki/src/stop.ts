/** Runs each step after the one before it; a step that fails is told of, and keeps none from running. */
export async function stopInOrder(steps: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      console.error('could not stop in good order:', error);
      process.exitCode = 1;
    }
  }
}
