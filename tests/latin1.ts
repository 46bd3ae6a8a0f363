/** Bytes as text and back, one character a byte, as tests look at messages. */
export * from "#src/simulate/latin1.ts";
