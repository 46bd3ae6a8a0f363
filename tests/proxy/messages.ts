/** The kit's messages, under the name that the tests of this folder know them by. */
export * from "#src/simulate/message.ts";
