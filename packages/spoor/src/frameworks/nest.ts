/**
 * `spoor/nest`: a tracing object for Nest 11 and 12, on Express and on Fastify, and for its microservices.
 *
 * @example
 * const app = await NestFactory.create(AppModule)
 * new NestTracing({ app, tracedAttributes: ['params.id'] })
 *
 * @example
 * \@Module({ imports: [TracingModule.forRoot({ tracedAttributes: ['params.id'] })] })
 * class AppModule {}
 */
export { type DynamicTracingModule, TracingModule } from './nest-module.ts'
export { type NestApp, type NestInterceptor, NestTracing } from './nest-tracing.ts'
