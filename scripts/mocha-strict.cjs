// Mocha lets a rejection that nobody handles pass in silence, where Node would end the process: here it fails the test.
process.on('unhandledRejection', (reason) => {
  throw reason;
});
