export * from '#shared/format'
