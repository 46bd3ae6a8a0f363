/** Waits for something that happens elsewhere: asks every ms. @throws {Error} after 5 s */
export async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`waited 5 s in vain for: ${done}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
