/** Tokens (RFC 9110, section 5.6.2): names of fields, methods, and the like. */

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Whether a text is a token. */
export const isToken = (text: string): boolean => token.test(text);
