//! Tests of the whole platform, in one binary.

mod at_rest;
mod bad_input;
mod browser;
mod byzantine;
mod city;
mod crash;
mod credit_simulator;
mod demo_regions;
mod duties;
mod joint;
mod journey;
mod life;
mod matrix;
mod offline;
mod one_card;
mod pages;
mod pay_simulator;
mod recognition;
mod regulation;
mod signin;
mod support;
mod town;
mod trained;
mod two_regions;
