use super::*;
use crate::check::{agrees, gradients, normals};
use crate::epilogue;

const IDENTITY: Epilogue = Epilogue::Identity;

#[test]
fn linear_agrees_with_candle_for_any_leading_dimensions() -> Result<()> {
    let shapes: [(&[usize], usize); 5] =
        [(&[5], 3), (&[1, 4], 1), (&[7, 1], 2), (&[2, 3, 9], 17), (&[131, 33], 65)];
    for (dims, outputs) in shapes {
        let x = normals("x", dims)?;
        let weight = normals("weight", &[outputs, dims[dims.len() - 1]])?;
        let bias = normals("bias", &[outputs])?;
        let with = [x.clone(), weight.clone(), bias];
        for epilogue in epilogue::tests::ALL {
            let fast = |x: &[Tensor]| linear(&x[0], &x[1], x.get(2), epilogue);
            let slow = |x: &[Tensor]| epilogue.forward(&reference(&x[0], &x[1], x.get(2))?);
            agrees(fast, slow, &with, 1e-5)?;
            agrees(fast, slow, &[x.clone(), weight.clone()], 1e-5)?;
        }
    }
    Ok(())
}

#[test]
fn every_product_has_the_gradient_of_its_differences() -> Result<()> {
    let inputs = [normals("a", &[3, 5])?, normals("b", &[2, 5])?, normals("bias", &[2])?];
    gradients(1e-3, &inputs, |x| linear(&x[0], &x[1], Some(&x[2]), IDENTITY))?;
    let inputs = [normals("a", &[3, 5])?, normals("b", &[5, 2])?];
    gradients(1e-3, &inputs, |x| Product::Plain.then(IDENTITY).apply(&x[0], &x[1], None))?;
    let inputs = [normals("a", &[5, 3])?, normals("b", &[5, 2])?];
    gradients(1e-3, &inputs, |x| Product::TransposedTimes.then(IDENTITY).apply(&x[0], &x[1], None))
}

#[test]
fn a_weight_gradient_over_many_rows_is_the_sum_of_its_chunks() -> Result<()> {
    let inputs = [normals("a", &[5000, 3])?, normals("b", &[5000, 2])?];
    let slow = |x: &[Tensor]| x[0].t()?.contiguous()?.matmul(&x[1].contiguous()?);
    let fast = |x: &[Tensor]| Product::TransposedTimes.then(IDENTITY).apply(&x[0], &x[1], None);
    agrees(fast, slow, &inputs, 1e-5)
}

#[test]
fn a_row_has_the_same_bits_in_any_batch() -> Result<()> {
    for (inputs, outputs) in
        [(1, 1), (7, 1), (1500, 1), (700, 5), (1500, 33), (64, 128), (600, 7), (2, 9), (514, 9)]
    {
        let x = normals("x", &[2100, inputs])?;
        let weight = normals("weight", &[outputs, inputs])?;
        let bias = normals("bias", &[outputs])?;
        let bits = |x: &Tensor| -> Result<Vec<u32>> {
            let y = linear(x, &weight, Some(&bias), IDENTITY)?.flatten_all()?.to_vec1::<f32>()?;
            Ok(y.into_iter().map(f32::to_bits).collect())
        };
        let all = bits(&x)?;
        for (start, count) in [(0, 1), (33, 1), (66, 1), (5, 2), (10, 31), (31, 1300)] {
            let alone = bits(&x.narrow(0, start, count)?)?;
            let there = &all[start * outputs..(start + count) * outputs];
            assert_eq!(alone, there, "{inputs} -> {outputs}, rows {start}+{count}");
        }
    }
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_and_integers_are_refused_by_name() -> Result<()> {
    let error = linear(&normals("x", &[2, 3])?, &normals("weight", &[4, 5])?, None, IDENTITY);
    assert!(error.expect_err("3 is not 5").to_string().contains("x [2, 3], weight [4, 5]"));
    let integers = normals("x", &[2, 5])?.to_dtype(candle::DType::U32)?;
    let error = linear(&integers, &normals("weight", &[4, 5])?, None, IDENTITY);
    assert!(error.expect_err("integers").to_string().contains("linear: expected"));
    Ok(())
}
