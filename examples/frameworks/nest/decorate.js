/**
 * What TypeScript makes of decorators: these examples run without a compiler.
 *
 *     decorate(Users, 'show', [tracing.trace('params.id'), Get(':id')], [Param('id')])
 *
 * is, in TypeScript with `experimentalDecorators`,
 *
 *     @tracing.trace('params.id')
 *     @Get(':id')
 *     show(@Param('id') id) { … }
 */
import 'reflect-metadata'

export function decorate({ prototype }, method, decorators, parameters = []) {
  for (const [index, parameter] of parameters.entries()) parameter(prototype, method, index)
  let descriptor = Object.getOwnPropertyDescriptor(prototype, method)
  for (const decorator of decorators.toReversed())
    descriptor = decorator(prototype, method, descriptor) ?? descriptor
  Object.defineProperty(prototype, method, descriptor)
}
