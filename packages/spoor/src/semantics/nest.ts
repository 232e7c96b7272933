/** What Nest adds to spans, in either vocabulary: neither has a word for it. */

/** The name of the class that handles a request or a message. */
export const NEST_CONTROLLER = 'nest.controller'
/** The name of its method. */
export const NEST_HANDLER = 'nest.handler'
/** The pattern of a message, as it was declared. */
export const NEST_PATTERN = 'nest.pattern'
